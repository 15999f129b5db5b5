"""Liquid-handling robot arm over its line protocol."""

from labloop_devices.robot_arm._driver import RobotArm

__all__ = ["RobotArm"]
