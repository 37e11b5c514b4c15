import assert from "node:assert/strict";
import { test } from "node:test";
import { isPasswordHash, saltOf, sha512Crypt } from "../../../src/tools/sha512-crypt.ts";

test("hashes are those of crypt(3)", () => {
  // The first is of the specification, the others are glibc's.
  for (const [password, salt, hash] of [
    ["Hello world!", "saltstring", "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"],
    ["", "ab", "$6$ab$xnh5Qsr2NdbFw1PgdZie7nLON3gv.S.23iQDBqAzkdoXPtDnVSpludXkM5UWybQO3OI7hBj9wHg9Ow6sUWD60/"],
    [
      `${"x".repeat(200)}ö`,
      "0123456789abcdef",
      "$6$0123456789abcdef$95570uMpKl77VGVgvtlAeBpz2omc3RDfDpid1cT27mpgkK0CNkhkJZPmIGrupor4tQU.gy8.NKzaat7yqtm2g1",
    ],
  ] as const)
    assert.equal(sha512Crypt(password, salt), hash);
});

test("a hash is distinguished from a password", () => {
  const hashes = [
    "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC",
    sha512Crypt("x", "y"),
    "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
    "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
  ];
  for (const hash of hashes) assert.ok(isPasswordHash(hash), hash);
  for (const text of ["", "secret", "$6$", "$6$short$x", "$money$ in my pocket, all of it", `${hashes[0]}\nroot::0`, `${hashes[0]}:0`, "!"])
    assert.ok(!isPasswordHash(text), text);
});

test("a salt has 16 characters that every crypt(3) takes", () => {
  assert.equal(saltOf(Uint8Array.from({ length: 16 }, (_, index) => index)), "./0123456789ABCD");
  assert.match(saltOf(new Uint8Array(16).fill(255)), /^[./0-9A-Za-z]{16}$/);
});
