import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action } from "../../../src/model/action.ts";
import { forecastOf } from "../../../src/model/forecast.ts";
import { combinePlans } from "../../../src/model/on-host.ts";
import type { Plan } from "../../../src/model/plan.ts";
import { combineRates, noRates, parseRates, type Rates, ratesText } from "../../../src/model/rates.ts";
import { forecastLine } from "../../../src/report/forecast-line.ts";
import { facts } from "../../support/observed.ts";
import { action, change, planOf } from "../report/support.ts";

const MiB = 2 ** 20;

/** Speeds with which every number is a whole one. */
const rates: Rates = {
  bytesPerSecond: { download: 10 * MiB, copy: 100 * MiB, convert: 50 * MiB, overwrite: 100 * MiB },
  seconds: { "disk.create": 1, "image.fetch": 1, "domain.stop": 4, "domain.start": 2, "domain.define": 1 },
};

function planWith(actions: readonly Action[], known: Rates | undefined = rates): Plan {
  const plan = planOf(actions.map((one) => change(one.address, "create", { actions: [one] })));
  return known === undefined ? plan : { ...plan, rates: known };
}

const fetch = action("image/debian", "fetch", {
  type: "image.fetch",
  makes: facts(["base/debian"]),
  cost: { moves: { download: 100 * MiB, convert: 50 * MiB }, takes: { thin: 300 * MiB, full: 300 * MiB } },
});
const disk = (name: string, more: Partial<Action> = {}) =>
  action(`disk/${name}`, "create", {
    type: "disk.create",
    needs: facts(["base/debian"]),
    makes: facts([`disk/${name}`]),
    cost: { moves: { copy: 300 * MiB }, takes: { thin: 300 * MiB, full: 10 * 1024 * MiB } },
    ...more,
  });

test("seconds follow from the order of the actions and from how many run at the same time", () => {
  const plan = planWith([fetch, disk("a"), disk("b"), disk("c")]);
  // 1 + 10 + 1 for the image, then 1 + 3 for each disk.
  assert.equal(forecastOf(plan).seconds, 16);
  assert.equal(forecastOf(plan, 2).seconds, 20);
  assert.equal(forecastOf(plan, 1).seconds, 24);
  const { download, write, full, measured, unknown } = forecastOf(plan);
  assert.deepEqual([download, write, full, measured, unknown], [100 * MiB, 1200 * MiB, 31_020 * MiB, true, []]);
  assert.equal(forecastLine(plan), "Forecast: downloads 100MiB, writes 1.2GiB (30.3GiB when disks are full), about 16s");
});

test("actions under one lock follow each other, and others go on meanwhile", () => {
  const locked = (name: string) => disk(name, { needs: [], locks: ["same"] });
  assert.equal(forecastOf(planWith([locked("a"), locked("b"), disk("c", { needs: [] })])).seconds, 8);
});

test("a guest is down from the start of its stop to the end of its start", () => {
  const stop = action("domain/web", "stop", {
    type: "domain.stop",
    effect: "restart",
    makes: facts(["domain/web:stopped"]),
    cost: { seconds: 21 },
  });
  const change = action("domain/web", "define", {
    type: "domain.define",
    needs: facts(["domain/web:stopped"]),
    makes: facts(["domain/web:defined"]),
  });
  const start = action("domain/web", "start", {
    type: "domain.start",
    needs: facts(["domain/web:defined"]),
    makes: facts(["domain/web"]),
    cost: { seconds: 2 },
  });
  const plan = planWith([stop, change, start]);
  assert.deepEqual(forecastOf(plan).downtime, [{ address: "domain/web", seconds: 7 }]);
  assert.equal(forecastLine(plan), "Forecast: about 7s; web is down about 7s");
  assert.deepEqual(forecastOf(planWith([stop])).downtime, [], "a guest that stays off is not down for a while");
  const guessed = planWith([stop, change, start], noRates);
  assert.equal(forecastLine(guessed), "Forecast: about 23s (a guess: not measured on this host yet); web is down about 23s");
});

test("hosts work at the same time, and their objects have their names in front", () => {
  const stop = action("domain/web", "stop", { type: "domain.stop", effect: "restart" });
  const start = action("domain/web", "start", { type: "domain.start", makes: facts(["domain/web"]) });
  const plan = combinePlans([
    { ...planWith([fetch]), host: "kvm1" },
    { ...planWith([stop, start]), host: "kvm2" },
  ]);
  const forecast = forecastOf(plan);
  assert.equal(forecast.seconds, 12);
  assert.equal(forecast.download, 100 * MiB);
  assert.equal(forecast.downtime[0]?.address, "kvm2/domain/web");
  assert.equal(forecast.secondsOf.get("kvm1/image/debian#fetch"), 12);
});

test("a forecast names unknown sizes; a plan with little to do has no forecast", () => {
  const unknown = planWith([{ ...fetch, cost: { moves: { download: null }, takes: { thin: null, full: null } } }]);
  assert.deepEqual(forecastOf(unknown).unknown, ["image/debian"]);
  assert.equal(forecastLine(unknown), "Forecast: downloads debian (size unknown), more than 1s");
  assert.equal(forecastLine(planWith([action("domain/web", "label", { type: "domain.label" })])), undefined);
});

test("ten thousand actions take no time", () => {
  const many = Array.from({ length: 10_000 }, (_, number) => disk(`d${number}`));
  const plan = planWith([fetch, ...many]);
  const started = performance.now();
  assert.equal(forecastOf(plan).seconds, 12 + 2500 * 4);
  assert.ok(performance.now() - started < 1000);
});

test("speeds are kept as the mean of the last apply and those before, and a damaged file is none", () => {
  assert.deepEqual(parseRates(ratesText(rates)), rates);
  const next = combineRates(rates, { bytesPerSecond: { copy: 200 * MiB }, seconds: { "domain.start": 4, "domain.resume": 1 } });
  assert.equal(Math.round((next.bytesPerSecond.copy ?? 0) / MiB), 150);
  assert.deepEqual([next.seconds["domain.start"], next.seconds["domain.resume"], next.seconds["domain.stop"]], [3, 1, 4]);
  for (const text of ["", "{", "[]", "null", '{"version":2,"seconds":{"a":1}}', '{"version":1,"seconds":{"a":-1,"b":"x","c":null}}'])
    assert.deepEqual(parseRates(text), noRates, text);
});
