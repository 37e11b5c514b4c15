import assert from "node:assert/strict";
import { test } from "node:test";
import { createAssembled, type Verdict } from "../../../src/host/assembled.ts";
import type { Download } from "../../../src/model/host.ts";
import type { Validators } from "../../../src/model/web-access.ts";

const [source, mirror] = [new URL("http://source/x"), new URL("http://mirror/x")];
const expected = { algorithm: "sha256", hex: "aa" } as const;
const whole = { etag: '"v1"', "content-length": "100" };
const restOf = (bytes: number, etag = '"v1"') => ({ "content-range": `bytes ${bytes}-99/100`, etag });

function assembledOf(
  request: Pick<Download, "expected" | "immutable"> = { expected },
  addresses: readonly URL[] = [source, mirror],
  recorded: Validators = {},
) {
  const assembled = createAssembled(request, addresses, recorded);
  return {
    assembled,
    /** Takes an answer. Gives the range that was asked for, and what the answer means. */
    answer(
      asked: URL,
      bytes: number,
      status: number,
      headers: Record<string, string> = {},
    ): readonly [string | undefined, Verdict["kind"]] {
      const asking = assembled.ask(asked, bytes);
      const verdict = assembled.judge(asking, status, headers);
      assembled.accept(asking, verdict);
      return [asking.resuming?.["range"], verdict.kind];
    },
  };
}

test("a rest is asked for where the server can prove that the file is the same, and another version begins again", () => {
  const { assembled, answer } = assembledOf({}, [source]);
  assert.deepEqual(answer(source, 0, 200, whole), [undefined, "whole"]);
  assert.deepEqual(assembled.ask(source, 40).resuming, { range: "bytes=40-", "if-range": '"v1"' });
  assert.deepEqual(answer(source, 40, 206, restOf(40)), ["bytes=40-", "rest"]);
  assert.deepEqual(answer(source, 60, 206, restOf(60, '"v2"')), ["bytes=60-", "changed"]);
  assert.deepEqual(answer(source, 0, 200, { "content-length": "7" }), [undefined, "whole"]);
  assert.equal(assembled.ask(source, 5).resuming, undefined, "a length alone proves nothing");
});

test("answers without the file leave what is there", () => {
  const { answer } = assembledOf({}, [source]);
  answer(source, 0, 200, whole);
  assert.deepEqual(answer(source, 40, 503), ["bytes=40-", "nothing"]);
  assert.deepEqual(answer(source, 40, 416), ["bytes=40-", "changed"]);
  assert.deepEqual(answer(source, 0, 206, restOf(0)), [undefined, "nothing"], "a part that was not asked for");
});

test("with an expected digest, several addresses continue each other until they have the wrong digest together", () => {
  const { assembled, answer } = assembledOf();
  answer(source, 0, 200, whole);
  assert.deepEqual(answer(mirror, 40, 206, restOf(40, '"other"')), ["bytes=40-", "rest"]);
  assert.equal(assembled.mixed, true);
  assert.deepEqual(assembled.origin(mirror), { validators: { etag: '"v1"', length: 100 }, mirror: mirror.href });
  const mismatch = assembled.mismatch({ sha256: "bb" });
  assert.equal(mismatch?.again, true);
  assembled.startOver();
  answer(source, 0, 200, whole);
  assert.deepEqual(answer(mirror, 40, 503), [undefined, "nothing"], "not continued from another");
  assert.deepEqual(answer(source, 40, 206, restOf(40)), ["bytes=40-", "rest"], "continued from the same");
  assert.equal(assembled.mixed, false);
  assert.match(assembled.mismatch({ sha256: "bb" })?.message ?? "", /another checksum, sha256:bb/);
  assert.equal(assembled.mismatch({ sha256: "aa" }), undefined);
});

test("bytes of an earlier run count as those of another address, and validators of a mirror are not given", () => {
  const early = assembledOf({ expected }, [source, mirror], { etag: '"v1"', length: 100 });
  early.answer(source, 40, 206, restOf(40));
  assert.equal(early.assembled.mixed, true);
  const { assembled, answer } = assembledOf();
  answer(mirror, 0, 200, whole);
  assert.deepEqual(assembled.origin(mirror), { mirror: mirror.href });
  assert.deepEqual(assembled.origin(source), {});
});

test("a digest is compared here only where another address may give the file", () => {
  assert.equal(assembledOf({ expected }, [source]).assembled.mismatch({ sha256: "bb" }), undefined);
  assert.equal(assembledOf({}).assembled.mismatch({ sha256: "bb" }), undefined);
});
