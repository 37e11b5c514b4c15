import assert from "node:assert/strict";
import { test } from "node:test";
import { partCommand } from "../../../../src/tools/conversion/convert-to-raw.ts";

const disk = { from: "/images/a,b.qcow2", to: "/base/x,driver=nbd,y.converted", format: "qcow2", bytes: 300 };

test("a part is the same range of both files, whose names cannot add options", () => {
  const { args } = partCommand(disk, { offset: 100, length: 100 }, { isLast: false, cache: "none" });
  assert.deepEqual(args.slice(args.indexOf("--image-opts")), [
    "--image-opts",
    "driver=raw,offset=100,size=100,file.driver=qcow2,file.file.filename=/images/a,,b.qcow2",
    "--target-image-opts",
    "driver=raw,offset=100,size=100,file.locking=off,file.filename=/base/x,,driver=nbd,,y.converted",
  ]);
});

test("only what is written past the page cache is written in any order", () => {
  const options = (cache: "none" | "unsafe") =>
    partCommand(disk, { offset: 0, length: 300 }, { isLast: true, cache }).args.slice(0, 8).join(" ");
  assert.match(options("none"), /-t none -W -m 8/);
  assert.match(options("unsafe"), /-t unsafe -m 8/);
});

test("the last part goes on to the end of the image, and a longer file than the disk cannot be written", () => {
  const { args, limits } = partCommand(disk, { offset: 200, length: 100 }, { isLast: true, cache: "unsafe" });
  assert.ok(args.filter((arg) => arg.startsWith("driver=raw,offset=200,file.")).length === 2, args.join(" "));
  assert.equal(limits?.fileBytes, 300 + 2 ** 20);
});
