"""A lab file of toys, and one that differs from it in a single place."""

GOOD = """
[lab]
name = "toys"
world = "lab_toys:create"
safe_order = ["b", "a"]
[lab.world_options]
names = ["a", "b"]

[devices.a]
driver = "lab_toys:Toy"
url = "serial://COM3?baud=19200"
serial_number = "77"
safe_seconds = 3
[devices.a.options]
diameter = "14.6 mm"
[devices.a.limits]
"set_value.rate" = { min = "0 mL/min", max = "0.6 L/h" }

[devices.b]
driver = "lab_toys:Toy"

[[interlocks]]
device = "a"
action = "set_value"
requires = "b.value >= 1 mL/min"
because = "a must not run dry"
max_age = "5 s"

[stations.vial]
names = ["v1", "v2"]
[stations.oven]
count = 4
"""


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new, 1)
