import assert from "node:assert/strict";
import { test } from "node:test";
import { contentTrouble, optionValue, refusesDirectIo } from "../../../../src/tools/qemu-img.ts";
import { parseConvertProgress, parseImageInfo } from "../../../../src/tools/qemu-img-output.ts";

/** As printed by qemu-img 7.2. */
const withDataFile = `{
    "virtual-size": 10485760,
    "filename": "c.qcow2",
    "cluster-size": 65536,
    "format": "qcow2",
    "actual-size": 200704,
    "format-specific": {
        "type": "qcow2",
        "data": {
            "compat": "1.1",
            "compression-type": "zlib",
            "lazy-refcounts": false,
            "refcount-bits": 16,
            "data-file": "d.raw",
            "data-file-raw": false,
            "corrupt": false,
            "extended-l2": false
        }
    },
    "dirty-flag": false
}`;
const overlay = `{
    "backing-filename-format": "qcow2",
    "virtual-size": 1073741824,
    "filename": "b.qcow2",
    "cluster-size": 65536,
    "format": "qcow2",
    "actual-size": 200704,
    "full-backing-filename": "a.qcow2",
    "backing-filename": "a.qcow2",
    "dirty-flag": false
}`;
const streamed = `{
    "virtual-size": 67108864,
    "filename": "s.vmdk",
    "format": "vmdk",
    "actual-size": 12288,
    "format-specific": {
        "type": "vmdk",
        "data": { "cid": 2233109375, "parent-cid": 4294967295, "create-type": "streamOptimized", "extents": [] }
    },
    "dirty-flag": false
}`;

test("what qemu-img says about a file is read", () => {
  assert.deepEqual(parseImageInfo(withDataFile), { format: "qcow2", virtualSize: 10485760, dataFile: "d.raw", encrypted: false });
  assert.deepEqual(parseImageInfo(overlay), { format: "qcow2", virtualSize: 1073741824, backing: "a.qcow2", encrypted: false });
  assert.deepEqual(parseImageInfo(streamed), { format: "vmdk", virtualSize: 67108864, createType: "streamOptimized", encrypted: false });
  assert.equal(parseImageInfo('{"format":"qcow2","virtual-size":1,"encrypted":true}').encrypted, true);
});

test("output that is not what qemu-img prints is an error", () => {
  assert.throws(() => parseImageInfo(""), /no JSON/);
  assert.throws(() => parseImageInfo("image: x\nfile format: raw"), /no JSON/);
  assert.throws(() => parseImageInfo('{"filename":"x"}'), /no format/);
});

test("progress is read only from lines of -p", () => {
  assert.equal(parseConvertProgress("    (12.50/100%)"), 0.125);
  assert.equal(parseConvertProgress("    (100.00/100%)"), 1);
  assert.equal(parseConvertProgress("    (0.00/100%)"), 0);
  assert.equal(parseConvertProgress(""), undefined);
  assert.equal(parseConvertProgress("qemu-img: (12/100%) no"), undefined);
});

test("a comma in an option's value is doubled", () => {
  assert.equal(optionValue("/a,b/c"), "/a,,b/c");
});

test("a filesystem without direct I/O is distinguished from other failures", () => {
  assert.equal(refusesDirectIo("qemu-img: Could not open '/x': filesystem does not support O_DIRECT"), true);
  assert.equal(refusesDirectIo("qemu-img: error while writing at byte 0: Invalid argument"), true);
  assert.equal(refusesDirectIo("qemu-img: error while writing at byte 0: No space left on device"), false);
});

test("errors of qemu-img about an image are distinguished from those about the machine", () => {
  const said = (why: string) => `qemu-img: Could not open '/x/y.part': ${why}\n`;
  assert.equal(contentTrouble(said("Snapshot table too large")), "Snapshot table too large");
  assert.equal(contentTrouble(said("Reference count table offset invalid.")), "Reference count table offset invalid");
  for (const why of ["Permission denied", "No such file or directory", "Cannot allocate memory", 'Failed to get shared "write" lock'])
    assert.equal(contentTrouble(said(why)), undefined, why);
  assert.equal(contentTrouble("qemu-img: error while writing at byte 0: No space left on device"), undefined);
});
