import assert from "node:assert/strict";
import { test } from "node:test";
import { pointerOf } from "../../../../src/kinds/config/pointer-of.ts";
import type { Config } from "../../../../src/kinds/config.ts";
import { type Places, withPlaces } from "../../../../src/model/diagnostic-places.ts";
import { problem } from "../../../../src/model/problem.ts";

const config = {
  images: { "debian-13": {} },
  volumes: { data: {} },
  instances: { web: { count: 2 }, db: {} },
} as unknown as Config;

test("an address has the place where its object is declared", () => {
  assert.deepEqual(pointerOf("image/debian-13", config), ["images", "debian-13"]);
  assert.deepEqual(pointerOf("volume/data", config), ["volumes", "data"]);
  assert.deepEqual(pointerOf("domain/db", config), ["instances", "db"]);
  assert.deepEqual(pointerOf("seed/web-1", config), ["instances", "web"]);
  assert.deepEqual(pointerOf("disk/web-1.root", config), ["instances", "web"]);
  assert.deepEqual(pointerOf("disk/db.eph0", config), ["instances", "db"]);
});

test("objects that are not declared have no pointer", () => {
  for (const address of ["domain/gone", "domain/gone-0", "disk/gone.root", "base/0123", "volume/data-0"] as const) {
    assert.equal(pointerOf(address, config), undefined, address);
  }
});

test("a problem gets the place of its key, of its object, or the one that it names itself", () => {
  const places: Places = {
    pointerOf: (address) => pointerOf(address, config),
    place: (pointer) => ({ file: "virtform.yaml", line: pointer.length, column: 1 }),
  };
  const text = { summary: "x", detail: "" };
  const found = withPlaces(
    [
      problem("a", { ...text, address: "domain/web-0", key: ["flavor"] }),
      problem("b", { ...text, address: "domain/web-0" }),
      problem("c", { ...text, address: "domain/web-0", pointer: ["flavors", "small", "disk", "x"] }),
      problem("d", { ...text, address: "domain/gone" }),
      problem("e", text),
    ],
    places,
  );
  assert.deepEqual(
    found.map(({ pointer, at }) => [pointer, at?.line]),
    [
      [["instances", "web", "flavor"], 3],
      [["instances", "web"], 2],
      [["flavors", "small", "disk", "x"], 4],
      [undefined, undefined],
      [undefined, undefined],
    ],
  );
  assert.ok(found.every((diagnostic) => !("key" in diagnostic)));
});
