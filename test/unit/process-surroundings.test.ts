import assert from "node:assert/strict";
import { test } from "node:test";
import { processSurroundings } from "../../src/index.ts";

test("the surroundings of the library reach the clouds that the environment names", () => {
  const { clouds } = processSurroundings({ OS_CLOUD: "shop", OTHER: "x", XDG_CONFIG_HOME: "/etc/xdg" });
  assert.deepEqual(clouds?.environment, { OS_CLOUD: "shop" });
  assert.deepEqual(clouds?.directories.slice(1), ["/etc/xdg/openstack", "/etc/openstack"]);
});
