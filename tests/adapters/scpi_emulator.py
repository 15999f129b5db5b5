"""A supply that speaks SCPI, from the other end of the cable."""

from labloop_simulators.kit import Emulator


class Line(Emulator):
    """Answers line by line; refuses more than 20 V as instruments do, in its list of errors."""

    def __init__(self, name, truth):
        super().__init__(name, truth)
        self.serial_number = "SN9"
        self.state = {"VOLT": 0.0, "OUTP": 0.0}
        self._error = '0,"No error"'

    def split(self, buffer):
        """Take one line off the front."""
        end = buffer.find(b"\n")
        if end < 0:
            return None
        frame = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return frame

    def handle(self, frame, now):
        """Carry one line out."""
        words = frame.decode().strip().split()
        key = words[0].upper().removeprefix(":SOUR:").replace("OUTPUT", "OUTP").rstrip("?")
        if words[0] == "*IDN?":
            return f"ACME,PS-1,{self.serial_number},1.0\n".encode()
        if words[0] == "SYST:ERR?":
            told, self._error = self._error, '0,"No error"'
            return f"{told}\n".encode()
        if words[0].endswith("?"):
            return f"{self.state[key]:.3f}\n".encode()
        if key == "VOLT" and float(words[1]) > 20:
            self._error = '-222,"Data out of range"'
        else:
            self.state[key] = float(words[1])
        return None
