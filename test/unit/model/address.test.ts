import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, addressKind, kindOf } from "../../../src/model/address.ts";

test("a kind owns the addresses with its name in front of that of the object, with and without a host", () => {
  const addresses: readonly Address[] = ["disk/web.root", "kvm1/disk/web.root", "disks/web", "dis/web", "disk/domain/web", "domain/disk"];
  const owned = addresses.filter(kindOf("disk").owns);
  assert.deepEqual(owned, ["disk/web.root", "kvm1/disk/web.root"]);
  assert.deepEqual(
    owned,
    addresses.filter((address) => addressKind(address) === "disk"),
  );
});
