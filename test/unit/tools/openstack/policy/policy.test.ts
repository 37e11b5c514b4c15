import assert from "node:assert/strict";
import { test } from "node:test";
import { isAllowed } from "../../../../../src/tools/openstack/policy/is-allowed.ts";
import { readPolicyFile } from "../../../../../src/tools/openstack/policy/policy-file.ts";

const user = { roles: ["Member", "reader"], userId: "u1", projectId: "p1" };
const target = { owner: "p1", project_id: "p1", visibility: "public" };

/** Whether a check of its own allows something to the user. */
function decides(check: string, more: Readonly<Record<string, string>> = {}) {
  const text = JSON.stringify({ wanted: check, ...more });
  const { rules, mistakes } = readPolicyFile("policy.json", text);
  if (mistakes.length > 0) return mistakes.map(({ what }) => what).join(" ");
  const answer = isAllowed(rules, "wanted", user, target);
  return typeof answer === "string" ? answer : answer.allowed;
}

test("checks of oslo.policy decide as they do there", () => {
  for (const check of [
    "",
    "@",
    "role:member",
    "role:MEMBER and not role:admin",
    "role:admin or role:reader and role:member",
    "(role:admin or role:reader) and project_id:%(owner)s",
    "tenant:%(project_id)s",
    "user_id:u1",
    "'public':%(visibility)s",
    "is_admin:False",
    "rule:other",
    "not (role:admin or role:other)",
    "rule:add_image",
  ])
    assert.equal(decides(check, { other: "role:member" }), true, check);
  for (const check of [
    "!",
    "role:admin",
    "project_id:%(member_id)s",
    "role:reader and (role:admin or !)",
    "'shared':%(visibility)s",
    "not @",
    "rule:context_is_admin",
    "system_scope:all",
  ])
    assert.equal(decides(check), false, check);
});

test("an unknown rule is a mistake, never permission or refusal", () => {
  for (const [check, words] of [
    ["http://server/check", /http: asks another server/],
    ["group:ops", /"group" is not known/],
    ["role:admin role:member", /"role:member" follows/],
    ["role:admin and", /ends where a check was expected/],
    ["(role:admin", /not closed/],
    ["admin", /is not a check/],
    ["role:%(a", /neither text nor/],
    ["role:", /is not a check/],
    ["rule:missing", /names rule missing/],
    ["rule:a", /in a circle: wanted → a → b → a/],
    ["user_domain_id:default", /asks for user_domain_id/],
    ["(".repeat(60), /more than 50/],
    [`${"not ".repeat(60)}@`, /more than 50/],
    ["True:%(protected)s", /asks for protected of the image/],
    ["not 'secret':%(classification)s", /asks for classification of the image/],
  ] as const)
    assert.match(String(decides(check, { a: "rule:b", b: "rule:a" })), words, check);
});

test("a rule that is asked without an image equals none of its values", () => {
  const { rules } = readPolicyFile("policy.json", JSON.stringify({ wanted: "project_id:%(owner)s" }));
  assert.deepEqual(isAllowed(rules, "wanted", user, null), { allowed: false, place: "policy.json:1" });
});

test("rules that name each other many times are decided at once", { timeout: 10_000 }, () => {
  const chain = Array.from({ length: 40 }, (_, index) => [`r${index}`, `rule:r${index + 1} or rule:r${index + 1}`]);
  assert.equal(decides("rule:r0", { ...Object.fromEntries(chain), r40: "!" }), false);
});

test("rules that lead very deep are a mistake, not an overflow", () => {
  const chain = Array.from({ length: 1900 }, (_, index) => [`r${index}`, `${"not ".repeat(48)}rule:r${index + 1}`]);
  assert.match(String(decides("rule:r0", { ...Object.fromEntries(chain), r1900: "@" })), /over more than 1000 checks within each other/);
  assert.equal(decides("rule:r1890", { ...Object.fromEntries(chain), r1900: "@" }), true);
});

test("mistakes of a file have their lines", () => {
  const text = "# rules\nadd_image: role:admin\n\nget_image: [role:admin]\nother: group:x\n";
  assert.deepEqual(
    readPolicyFile("policy.yaml", text).mistakes.map(({ place, what }) => `${place} ${what}`.slice(0, 38)),
    ["policy.yaml:4 Rule get_image: A rule i", 'policy.yaml:5 Rule other: "group" is n'],
  );
  assert.match(readPolicyFile("p", "a: x:1\na: y:2\n").mistakes[0]?.place ?? "", /^p:2$/);
  assert.match(readPolicyFile("p", "- a").mistakes[0]?.what ?? "", /mapping/);
  assert.deepEqual(readPolicyFile("p", '#"add_image": "role:admin"\n'), { rules: new Map(), mistakes: [] });
});

test("without a rule in the file, that of Glance itself decides", () => {
  const admin = { ...user, roles: ["admin", "member", "reader"] };
  const answer = (name: string, who = user, what: typeof target = target) => isAllowed(new Map(), name, who, what);
  assert.deepEqual(answer("publicize_image"), { allowed: false, place: "Glance's defaults" });
  assert.deepEqual(answer("publicize_image", admin), { allowed: true, place: "Glance's defaults" });
  assert.deepEqual(answer("add_image"), { allowed: true, place: "Glance's defaults" });
  assert.deepEqual(answer("add_image", user, { ...target, owner: "p2" }), { allowed: false, place: "Glance's defaults" });
  assert.match(String(answer("no_such_rule")), /There is no rule no_such_rule/);
});
