import { test } from "node:test";
import { doByHand } from "../plan/by-hand.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { shop } from "./shop.ts";
import { applied, createWorld } from "./world.ts";

for (const way of ["kill -9", "power cut in the middle of an effect", "power cut, unsynced names lost"] as const) {
  test(`permissions are corrected and missing files made again, interrupted anywhere: ${way}`, async () => {
    const from = createWorld();
    await applied(from, shop());
    for (const deed of [
      "set the mode of disk of web to 0644",
      "set the mode of kernel of db to 0644",
      "set the mode of disk.config of web to 0644",
      "set the mode of console.log of web to 0644",
      "set the owner of disk of web to 1000:1000",
      "set the owner of disk.config of db to 1000:1000",
      "set the owner of libvirt.xml of db to 1000:1000",
      "delete libvirt.xml of web",
      "delete console.log of db",
    ])
      doByHand(from, deed);
    await killEverywhere({ from, yaml: shop({ disk: "2GiB" }) }, way);
  });
}
