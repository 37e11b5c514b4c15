import assert from "node:assert/strict";
import { test } from "node:test";
import { propertiesOfSource } from "../../../../src/kinds/config/source-properties.ts";

test("properties of an image in Glance are taken, refused with the reason, or metadata", () => {
  const { taken, refused } = propertiesOfSource({
    hw_disk_bus: "scsi",
    "hw_numa_cpus.0": "0",
    os_type: "linux",
    hw_cdrom_bus: "pigeon",
    hw_cpu_cores: "9999",
    hw_disk_bus_model: "x",
    owner_specified: "y",
    build: "2026-11-01",
  });
  assert.deepEqual(taken, { hw_disk_bus: "scsi", "hw_numa_cpus.0": "0", os_type: "linux" });
  assert.deepEqual(
    refused.map(({ name }) => name),
    ["hw_cdrom_bus", "hw_cpu_cores"],
  );
  assert.match(refused[0]?.why ?? "", /"pigeon", and virtform takes .*sata/);
});
