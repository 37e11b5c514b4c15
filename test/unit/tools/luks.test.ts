import assert from "node:assert/strict";
import { test } from "node:test";
import { luksHeaderBytes, luksImage, luksReserve, readLuksHeader } from "../../../src/tools/luks.ts";

/** A header as `qemu-img create -f luks` writes it, as far as it is read. */
function header(change: (bytes: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(luksHeaderBytes);
  bytes.write("LUKS\xba\xbe", 0, "latin1");
  bytes.writeUInt16BE(1, 6);
  bytes.writeUInt32BE(4040, 104);
  change(bytes);
  return bytes;
}

test("the content of a container begins where its header says, within what is reserved for it", () => {
  assert.deepEqual(readLuksHeader(header()), { contentAt: 2_068_480 });
  assert.ok(luksReserve >= 2_068_480);
  assert.equal(readLuksHeader(header((bytes) => bytes.writeUInt16BE(2, 6))), undefined, "QEMU opens version 1 only");
  assert.equal(readLuksHeader(header((bytes) => bytes.writeUInt8(0, 0))), undefined);
  assert.equal(readLuksHeader(header().subarray(0, 591)), undefined);
  assert.equal(readLuksHeader(Buffer.alloc(0)), undefined);
});

test("each layer of a container is named, and a comma in a name ends no option", () => {
  assert.equal(
    luksImage({ driver: "file", path: "/a, b/disk" }),
    "driver=luks,key-secret=passphrase,file.driver=file,file.filename=/a,, b/disk",
  );
  assert.equal(
    luksImage({ driver: "rbd", pool: "vms", image: "x_disk", user: "cinder", conf: "/etc/ceph/a,b.conf" }),
    "driver=luks,key-secret=passphrase,file.driver=rbd,file.pool=vms,file.image=x_disk,file.conf=/etc/ceph/a,,b.conf,file.user=cinder",
  );
});
