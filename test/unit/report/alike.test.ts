import assert from "node:assert/strict";
import { test } from "node:test";
import { alikeGroups, groupDetails, groupHeader } from "../../../src/report/alike.ts";
import { nameRanges } from "../../../src/report/name-ranges.ts";
import { formatPlan } from "../../../src/report/plan-text.ts";
import { breakLine, span, textOf } from "../../../src/report/style.ts";
import { action, change, manyInstances, planOf } from "./support.ts";

test("runs of numbers become ranges, everything else keeps its name", () => {
  assert.deepEqual(nameRanges(["web-2", "web-0", "web-1", "db", "web-10", "web-11", "app-7"]), [
    "web-0 … web-2",
    "web-10",
    "web-11",
    "db",
    "app-7",
  ]);
  const addresses = ["disk/web-0.root", "disk/web-1.root", "disk/web-2.root", "disk/web-2.eph0"];
  assert.deepEqual(nameRanges(addresses), ["disk/web-0.root … disk/web-2.root", "disk/web-2.eph0"]);
  assert.deepEqual(nameRanges(["kvm1/domain/a-1", "kvm1/domain/a-2", "kvm1/domain/a-3", "kvm2/domain/a-4"]), [
    "kvm1/domain/a-1 … kvm1/domain/a-3",
    "kvm2/domain/a-4",
  ]);
  assert.deepEqual(nameRanges(["a-01", "a-02", "a-03"]), ["a-01", "a-02", "a-03"], "a name with a leading zero is no number");
  assert.deepEqual(nameRanges([]), []);
});

const uuids = ["bbdd3676-896e-5e0d-acb6-301d5a6adc55", "53bd17eb-58a7-5517-9716-69564eef9f5d"];

/** The domain of a guest, with what is unique to it. */
function guest(name: string, index: number, more: Parameters<typeof change>[2] = {}) {
  return change(`domain/${name}`, "update", {
    reason: "2 fields differ",
    fields: [
      { path: "title", old: "old", new: `server ${name}` },
      { path: "owner", new: uuids[index % 2] ?? "" },
      { path: `interfaces.52:54:00:00:00:0${index % 10}`, new: "bridge br0" },
    ],
    actions: [action(`domain/${name}`, "define", { summary: `define ${name}` })],
    ...more,
  });
}

test("objects that differ in their names, MAC addresses and UUIDs are alike; what all have stays as it is", () => {
  const guests = Array.from({ length: 12 }, (_, index) => guest(`web-${index}`, index));
  const [group, ...others] = alikeGroups(guests);
  assert.equal(others.length, 0);
  assert.ok(group);
  assert.equal(
    textOf(groupHeader(group)),
    "~ domain/web-0 … domain/web-11 (12 alike) will be updated in place: 2 fields differ (config changed)",
  );
  const text = groupDetails(group).map(textOf).join("\n");
  assert.match(text, /title +old → server web-\*/);
  assert.match(text, /owner +\(own UUID\)/);
  assert.match(text, /interfaces\.\(own MAC address\) +bridge br0/);
  assert.match(text, /Steps: {4}define web-\*/);
  const same = alikeGroups(
    guests.map((one) => ({
      ...one,
      fields: one.fields.map((field) => ({ ...field, ...("new" in field ? { new: uuids[0] ?? "" } : {}) })),
    })),
  );
  assert.match(same.flatMap(groupDetails).map(textOf).join("\n"), /owner +bbdd3676-896e/, "what all of them have is no pattern");
});

test("objects are not grouped if shown or hidden fields or the cause differ, or if they are few", () => {
  const guests = Array.from({ length: 5 }, (_, index) => guest(`web-${index}`, 0));
  const other = guest("web-5", 0, { fields: [{ path: "memory", old: 1, new: 2 }] });
  assert.deepEqual(
    alikeGroups([...guests.slice(0, 2), other, ...guests.slice(2)]).map((group) => group.map(({ address }) => address)),
    [guests.map(({ address }) => address), ["domain/web-5"]],
  );
  assert.equal(alikeGroups([...guests.slice(0, 3), guest("web-7", 0, { cause: "drift" })]).length, 4);
  assert.equal(alikeGroups(guests.slice(0, 3)).length, 3);
  assert.equal(alikeGroups(guests, { each: true }).length, 5);
  // `clock` of a new guest is not shown.
  const created = (name: string, clock: string) =>
    change(`domain/${name}`, "create", {
      fields: [
        { path: "vcpus", new: 1 },
        { path: "clock", new: clock },
      ],
    });
  assert.equal(alikeGroups(["a-1", "a-2", "a-3", "a-4"].map((name) => created(name, name === "a-4" ? "localtime" : "utc"))).length, 4);
});

test("a plan of many instances is as short as that of one, and what is lost is named one by one", () => {
  const text = formatPlan(manyInstances(200), { color: false });
  assert.ok(text.split("\n").length < 25, text);
  assert.match(text, /^\+ disk\/web-0\.root … disk\/web-199\.root \(200 alike\) will be created: does not exist yet$/m);
  const lost = Array.from({ length: 30 }, (_, index) =>
    change(`disk/web-${index}.root`, "delete", {
      actions: [action(`disk/web-${index}.root`, "remove", { destroys: `5GiB disk web-${index}.root` })],
    }),
  );
  const losing = formatPlan(planOf(lost), { color: false });
  for (let index = 0; index < 30; index += 1) assert.ok(losing.includes(`\n  - 5GiB disk web-${index}.root\n`));
});

test("a long line is broken at blanks; a word that is longer than a line is broken anywhere", () => {
  const line = [span("Why:  ", "faint"), span("the guest keeps it until it is started again")];
  assert.deepEqual(breakLine(line, 24).map(textOf), ["Why:  the guest keeps it", "    until it is started", "    again"]);
  assert.deepEqual(breakLine([span(`x ${"y".repeat(30)}`)], 20).map(textOf), ["x", `    ${"y".repeat(16)}`, `    ${"y".repeat(14)}`]);
  assert.equal(breakLine([span("+ ", "add"), span("text")], 3).flat()[0]?.tone, "add");
});
