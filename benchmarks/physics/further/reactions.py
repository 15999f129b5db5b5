"""Beliefs of the labs of reactions: an electrolysis, a hydrogenation, a fermentation, light."""

import torch
from torch import Tensor

from benchmarks.physics.further.draws import Draw
from benchmarks.physics.further.labs import AXES
from benchmarks.physics.further.rates import Predict, Values, hot, steps

FARADAY = 96485.332


def electro(drawn: Draw) -> Predict:
    """Mass transport limits the reaction, the rest of the current makes gas or waste."""

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        flow, current, fed = x["flow"], x["current"] / 1000.0, x["concentration"] / 1000.0
        speed = (
            theta["transfer"]
            * (flow / 5.0) ** theta["power"]
            * hot(theta["Et"], x["temperature"], 25.0)
        )
        if drawn.fault == "mechanism":
            speed = theta["transfer"] * (current / 0.05) ** theta["power"] * 1.6
        pieces = 30
        charge = 20.0 * 60.0 / flow / pieces / (2.0 * FARADAY)
        left, made, waste = fed + 0.0 * speed, 0.0 * speed, 0.0 * speed
        for _ in range(pieces):
            left = left.clamp_min(1e-12)
            limit = 2.0 * FARADAY * speed * left
            main = current * limit / (current + limit)
            dose = left * -torch.expm1(-main * charge / left)
            lost = 0.0 * dose
            if "over" in theta:
                most = 2.0 * FARADAY * speed * (made + 0.5 * dose) * theta["over"]
                again = (current - main) * most / (current - main + most + 1e-12)
                lost = (made + dose) * -torch.expm1(-again * charge / (made + dose))
            left, made, waste = left - dose, made + dose - lost, waste + lost
        ohmic = (
            theta["resistance"] / (0.25 + 4.0 * x["concentration"])
            if "resistance" in theta
            else 0.0
        )
        volt = 1.9 + theta["tafel"] * torch.log(current / 1e-5) + current * ohmic
        used = current * 20.0 * 60.0 / flow
        rate, energy = torch.log(1.0 + 2400.0 * made * flow), volt * used / (made + 1e-7) / 3.6e6
        value = 25.0 * rate + 90.0 * made / fed - 60.0 * waste / fed - 3.0 * energy.clamp(max=30.0)
        efficient = 2.0 * FARADAY * made / used
        return {"value": value, "yield": made / fed, "efficiency": efficient, "voltage": volt}

    return predict


def merit(drawn: Draw) -> Predict:
    """Langmuir-Hinshelwood on a catalyst that dies; wrong: it works without catalyst."""

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        t, a0, cat = x["temperature"], x["concentration"], x["catalyst"]
        k1, k2 = (theta[k] * hot(theta[e], t, 70.0) for k, e in (("k1", "E1"), ("k2", "E2")))
        dying = theta["kd"] * hot(theta["Ed"], t, 70.0) if "kd" in theta else 0.0 * k1
        root = (theta["KH"] * x["pressure"]) ** 0.5
        gas, inhibit = root / (1.0 + root), theta.get("KP", 0.0 * k1)
        a, p, w, since = a0 + 0.0 * k1, 0.0 * k1, 0.0 * k1, 0.0 * k1
        for h in steps(x["hours"] + 0.0 * k1, 48):
            dose = h * gas * cat * torch.exp(-dying * (since + 0.5 * h))
            half, kept = a, p
            for part in (0.5, 1.0):
                free = 1.0 + theta["KA"] * half + inhibit * kept
                r1 = k1 * theta["KA"] / free * dose
                r2 = k2 * (inhibit if "KP" in theta else 1.0) / free * dose
                if drawn.fault == "mechanism":
                    r1, r2 = k1 * h * x["pressure"] / 10.0, k2 * h
                half = a * torch.exp(-part * r1)
                kept = p * torch.exp(-part * r2) + (a - half)
            lost = p + a - half - kept
            a, p, w, since = half, kept, w + lost, since + h
        p, w = p / a0, w / a0
        value = 100.0 * p - 120.0 * w - 5.0 * cat - 1.5 * x["hours"] - 0.25 * x["pressure"]
        return {
            "value": value + 10.0 * torch.log(a0 / 0.1),
            "left": a / a0,
            "product": p,
            "waste": w,
        }

    return predict


def fermenter(drawn: Draw) -> Predict:
    """Monod with overflow; wrong: the product is made where sugar is short."""
    marks = AXES["fermenter"][0]

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        warm = torch.exp(-(((x["temperature"] - theta["hot"]) / 5.5) ** 2))
        acid = torch.exp(-(((x["pH"] - theta["acid"]) / 0.65) ** 2))
        lost = 0.0 * warm
        if "kd" in theta:
            lost = theta["kd"] * 2.0 ** ((x["temperature"] - 30.0) / 5.0)
        cells, sugar, made = (
            0.2 + 0.0 * lost * theta["mu"],
            x["sugar"] + 0.0 * theta["mu"],
            0.0 * theta["mu"],
        )
        sour, at, course = 0.0 * cells, 0.0, []
        for mark in marks:
            h = (mark - at) / 20.0 * x["hours"]
            for _ in range(20):
                grow = (
                    theta["mu"]
                    * warm
                    * acid
                    * sugar
                    / (theta["Ks"] + sugar)
                    / (1.0 + sour / theta["Ki"])
                )
                spill = (
                    theta["overflow"] * (grow - 0.16).clamp_min(0.0)
                    if "overflow" in theta
                    else 0.0 * grow
                )
                fed = sugar / (0.1 + sugar)
                mean = cells * (1.0 + 0.5 * h * grow)
                up = (grow / 0.45 + spill + 0.02 * fed) * mean / (sugar + 1e-6)
                fall = torch.exp(-h * up)
                sugar = sugar * fall + x["feed"] * (1.0 - fall) / (up + 1e-9)
                make = theta["alpha"] * grow + theta["beta"] * warm * fed
                if drawn.fault == "mechanism":
                    make = 8.0 * theta["beta"] * (1.0 - fed)
                made = (made + h * make * mean) * torch.exp(-h * lost)
                sour = (sour + h * spill * mean) * torch.exp(-h * 0.03 * mean / (1.0 + sugar))
                cells = cells * torch.exp(h * grow)
            at = mark
            course.append(made)
        fed = x["sugar"] + x["feed"] * x["hours"]
        value = 10.0 * made - 0.35 * fed - 0.8 * x["hours"]
        return {"value": value, "course": torch.stack(course, dim=-1), "cells": cells}

    return predict


def photo(drawn: Draw) -> Predict:
    """The catalyst absorbs light, and light spoils the product; wrong: it needs no light."""

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        light, fed, end = x["light"] / 50.0, x["concentration"], x["minutes"]
        dye = 10.0 * x["catalyst"] * fed
        bleach = theta["bleach"] * light if "bleach" in theta else 0.0 * light
        share = 1.0 + 0.0 * theta["phi"] * light
        p = w = 0.0 * share
        a, since = fed * share, 0.0 * share
        for h in steps(end * share, 48):
            seen = 1.0 - 10.0 ** (
                -theta["absorb"] * 0.1 * dye * torch.exp(-bleach * (since + 0.5 * h))
            )
            pace, worse = 0.012 * theta["phi"] * light * seen, theta["kw"] * light
            if drawn.fault == "mechanism":
                pace, worse = 0.006 * theta["phi"] * share, theta["kw"] * share
            middle = a * torch.exp(-0.5 * h * pace / (a + theta["KA"]))
            left = a * torch.exp(-h * pace / (middle + theta["KA"]))
            kept = p * torch.exp(-h * worse) + (a - left) * torch.exp(-0.5 * h * worse)
            w = w + p + a - left - kept
            a, p, since = left, kept, since + h
        p, w = p / fed, w / fed
        value = 100.0 * p - 80.0 * w - 3.0 * x["catalyst"] - 0.06 * x["light"] - 0.15 * end
        return {
            "value": value + 8.0 * torch.log(fed / 0.01),
            "left": a / fed,
            "product": p,
            "waste": w,
        }

    return predict
