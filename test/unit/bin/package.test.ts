import assert from "node:assert/strict";
import { test } from "node:test";
import { dependencies } from "../../../bin/lib/package/shared-libraries.ts";
import { webReadme } from "../../../bin/lib/package/web-readme.ts";

test("links of the README become addresses of the version, but for those inside the page, to the web, and in blocks of code", () => {
  const text =
    "See [docs](docs/a.md#b), ![shot](docs/a.svg), [below](#more), [web](https://example.org).\n\n```\n[kept](docs/a.md)\n```\n[end](x)\n";
  assert.equal(
    webReadme(text, "1.2.3"),
    `See [docs](https://github.com/virtform/virtform/blob/v1.2.3/docs/a.md#b), ![shot](https://raw.githubusercontent.com/virtform/virtform/v1.2.3/docs/a.svg), [below](#more), [web](https://example.org).

\`\`\`
[kept](docs/a.md)
\`\`\`
[end](https://github.com/virtform/virtform/blob/v1.2.3/x)
`,
  );
});

test("a Debian package depends on the libraries of its binary, in the versions whose symbols it uses", () => {
  const headers = `Dynamic Section:
  NEEDED               libdl.so.2
  NEEDED               libstdc++.so.6
  NEEDED               libgcc_s.so.1
  NEEDED               libc.so.6
  NEEDED               ld-linux-x86-64.so.2

Version References:
  required from libc.so.6:
    0x06969188 0x00 17 GLIBC_2.28
    0x06969197 0x00 25 GLIBC_2.17
    0x09691a75 0x00 45 GLIBC_2.2.5
  required from libstdc++.so.6:
    0x08922974 0x00 08 GLIBCXX_3.4
    0x02297f89 0x00 26 GLIBCXX_3.4.9
    0x0297f871 0x00 10 GLIBCXX_3.4.30
`;
  assert.equal(dependencies(headers), "libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 12)");
  assert.throws(
    () => dependencies("  NEEDED               libsecret.so.1\n"),
    /needs libsecret\.so\.1, and its Debian package is not known/,
  );
});
