import assert from "node:assert/strict";
import { test } from "node:test";
import { readGpgvReport } from "../../../../src/tools/openpgp/gpgv-report.ts";

const key = "60D460624403DDCBE5747C50B7ADFA8BEDBC07AC";
const line = (...words: string[]) => words.map((word) => `[GNUPG:] ${word}\n`).join("");
const valid = (hash = "8", kind = "00", primary = key) => `VALIDSIG ${key} 2026-11-29 1795954169 0 4 0 22 ${hash} ${kind} ${primary}`;
const good = "GOODSIG B7ADFA8BEDBC07AC Signer <s@example.org>";

test("signatures are judged by what gpgv 2.2 reports, and not by its exit code", () => {
  const outcome = (...words: string[]) => readGpgvReport(line(...words)).outcome;
  assert.deepEqual(readGpgvReport(line("NEWSIG s@example.org", `KEY_CONSIDERED ${key} 0`, good, valid())), {
    outcome: "good",
    keys: [`${key} (Signer <s@example.org>)`],
    inline: false,
  });
  assert.equal(readGpgvReport(line("PLAINTEXT 74 0 ", "NEWSIG", good, valid("8", "01"))).inline, true);
  assert.equal(outcome("NEWSIG", "KEYEXPIRED 1609372800", "EXPKEYSIG B47A413BDC7C67A1 Old <o@example.org>", valid()), "expired");
  assert.equal(outcome("NEWSIG", "EXPSIG B47A413BDC7C67A1 Old <o@example.org>", valid()), "expired");
  assert.equal(outcome("NEWSIG", "REVKEYSIG B47A413BDC7C67A1 Old <o@example.org>", valid()), "revoked");
  assert.equal(outcome("NEWSIG", "BADSIG B7ADFA8BEDBC07AC Signer <s@example.org>"), "bad");
  assert.equal(outcome("NEWSIG", good, valid("2")), "weak", "SHA-1");
  assert.equal(outcome("NEWSIG", good, valid("8", "10")), "weak", "a signature of a key");
  assert.equal(outcome("NODATA 1", "NODATA 2"), "none");
  assert.equal(outcome(), "none");
  assert.deepEqual(readGpgvReport(line("NEWSIG", "ERRSIG B7ADFA8BEDBC07AC 22 8 00 1795954169 9 X", "NO_PUBKEY B7ADFA8BEDBC07AC")), {
    outcome: "other",
    keys: ["B7ADFA8BEDBC07AC"],
    inline: false,
  });
});

test("one good signature of several is enough, unless another one is wrong", () => {
  const other = ["NEWSIG", "ERRSIG 1111111111111111 22 8 00 1795954169 9 X"];
  const expired = ["NEWSIG", "EXPKEYSIG B47A413BDC7C67A1 Old", valid("8", "00", "OLD")];
  assert.equal(readGpgvReport(line(...other, ...expired, "NEWSIG", good, valid())).outcome, "good");
  assert.equal(readGpgvReport(line("NEWSIG", good, valid(), "NEWSIG", "BADSIG 1 X")).outcome, "bad");
  // GOODSIG alone, and what a text between the lines claims, prove nothing.
  assert.equal(readGpgvReport(line("NEWSIG", good)).outcome, "none");
  assert.equal(readGpgvReport(`gpgv: ${good}\n ${valid()}\n`).outcome, "none");
});
