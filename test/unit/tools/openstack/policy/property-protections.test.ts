import assert from "node:assert/strict";
import { test } from "node:test";
import { readPropertyProtections, sectionFor } from "../../../../../src/tools/openstack/policy/property-protections.ts";

const text = `# of the cloud
[^x_owner_.*]
create = admin, Member
read = @
update = admin
delete = !

[billing]
create: !
read: @
update: !
delete: !
`;

test("the first section whose pattern is found in a name decides", () => {
  const { sections, mistakes } = readPropertyProtections("pp.conf", text, "roles");
  assert.deepEqual(mistakes, []);
  const found = (name: string) => sectionFor(sections, name)?.place;
  assert.equal(found("x_owner_a"), "pp.conf:2");
  assert.equal(found("my_billing_code"), "pp.conf:8", "found anywhere in the name");
  assert.equal(found("other"), undefined);
  assert.deepEqual(sections[0]?.allowed, { create: ["admin", "member"], read: ["@"], update: ["admin"], delete: ["!"] });
});

test("what Glance would read in another way, or refuse, is a mistake with its line", () => {
  const rest = "read = @\nupdate = @\ndelete = @\n";
  for (const [file, words] of [
    ["create = @\n", /pp:1 create is outside/],
    [`[a]\n${rest}`, /pp:1 \[a\] lacks create/],
    [`[a]\ncreate = @\ncreate = !\n${rest}`, /pp:3 create is there twice/],
    [`[a]\ncreate = @, !\n${rest}`, /pp:2 @ and ! exclude/],
    [`[a]\ncreate = x\n  y\n${rest}`, /pp:3 A line that begins with a blank/],
    [`[a]\ncreate = %(x)s\n${rest}`, /pp:2 A percent sign/],
    [`[a]\ncreate = @ # all\n${rest}`, /pp:2 A comment/],
    [`[a]\ncreate = @\nwrite = @\n${rest}`, /pp:3 write is not known/],
    [`[DEFAULT]\ncreate = @\n${rest}`, /pp:1 The section DEFAULT/],
    [`[(?P<a>x)]\ncreate = @\n${rest}`, /pp:1 .*not supported/],
    [`[\\Aab]\ncreate = @\n${rest}`, /pp:1 .*not supported/],
    [`[(a+)+b]\ncreate = @\n${rest}`, /pp:1 .*repeats a group/],
    [`[a(]\ncreate = @\n${rest}`, /pp:1 \[a\(\] is not a regular expression/],
    [`[[]a]b]\ncreate = @\n${rest}`, /pp:1 .*Python reads in another way/],
    [`[[^]a]b]\ncreate = @\n${rest}`, /pp:1 .*Python reads in another way/],
    [`[x{,3}]\ncreate = @\n${rest}`, /pp:1 .*Python reads in another way/],
    ["nonsense\n", /pp:1 Expected a section/],
  ] as const)
    assert.match(
      readPropertyProtections("pp", file, "roles")
        .mistakes.map(({ place, what }) => `${place} ${what}`)
        .join("\n"),
      words,
      file,
    );
  assert.match(readPropertyProtections("pp", `[a]\ncreate = x,y\n${rest}`, "policies").mistakes[0]?.what ?? "", /One rule is expected/);
});

test("a pattern that could be matched for minutes is a mistake, and every other one is matched at once", { timeout: 20_000 }, () => {
  const read = (pattern: string) => readPropertyProtections("pp", `[${pattern}]\ncreate = @\nread = @\nupdate = @\ndelete = @\n`, "roles");
  for (const pattern of ["(a|a)?".repeat(25), "(a|b|ab)".repeat(20), ".*".repeat(8), "a?".repeat(200), "^(.*.*.*|.*.*)x"])
    assert.match(read(`${pattern}x$`).mistakes[0]?.what ?? "", /too many repetitions, options and alternatives/, pattern);
  for (const pattern of [".*a*[ab]*", "^.*.*a+a{1,}", "^(a|a)?(a|a)?(a|a)?(a|a)?(a|a)?(a|a)?.*", "^(x|y|z|u|v|w)_.*_.*", "[+*?|]+\\*\\("]) {
    const { sections, mistakes } = read(`${pattern}x$`);
    assert.deepEqual(mistakes, [], pattern);
    assert.equal(sectionFor(sections, "a".repeat(255)), undefined);
  }
  assert.equal(sectionFor(read(".*").sections, "a".repeat(256)), undefined, "Glance has no such name");
});
