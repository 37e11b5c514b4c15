import assert from "node:assert/strict";
import { openSync, rmdirSync } from "node:fs";
import { test } from "node:test";
import { explained } from "../../../src/host/file-error.ts";
import { UserError } from "../../../src/model/errors.ts";
import { testDirectory } from "./directory.ts";

/** Every errno that a file operation of ours has met, and one that Linux never gives for a file. */
const errnos = ["ENXIO", "EEXIST", "ENOTEMPTY", "EBUSY", "EMFILE", "EFBIG", "ENAMETOOLONG", "EINVAL", "EXDEV", "EROFS", "EPROTO"];

for (const errno of errnos) {
  test(`${errno} is explained in words, its name written as the system writes it`, () => {
    const failing = () => {
      throw Object.assign(new Error(`${errno}: the system's words, open '/srv/x'`), { code: errno, syscall: "open" });
    };
    assert.throws(
      () => explained("read", "/srv/x", failing),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /^Cannot read \/srv\/x: [a-z]/);
        assert.doesNotMatch(error.message, /\be[A-Z]{2}/);
        return true;
      },
    );
  });
}

test("what root is refused has a remedy for root", () => {
  const failing = () => {
    throw Object.assign(new Error("EPERM: operation not permitted, mkdir '/srv/x'"), { code: "EPERM", syscall: "mkdir" });
  };
  assert.throws(
    () => explained("make the directory", "/srv/x", failing),
    (error) => error instanceof UserError && /immutable: `lsattr -d`/.test(error.diagnostics[0]?.detail ?? ""),
  );
});

test("a directory that is not empty is named, with what to do", async (context) => {
  const directory = await testDirectory(context);
  openSync(`${directory}/a`, "w");
  assert.throws(
    () => explained("remove", directory, () => rmdirSync(directory)),
    (error) => error instanceof UserError && error.diagnostics[0]?.code === "file-in-the-way" && /not empty/.test(error.message),
  );
});
