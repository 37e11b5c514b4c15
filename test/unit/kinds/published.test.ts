import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../../src/kinds/config.ts";
import { hostSettings } from "../../../src/kinds/host/settings.ts";
import { fieldsDigest } from "../../../src/kinds/published/fields-digest.ts";
import type { PublishedState } from "../../../src/kinds/published/spec.ts";
import type { CloudFacts } from "../../../src/model/host-facts.ts";
import { factsWith, observedOf, planFor, runner } from "../drivers/planning.ts";

const config: Config = {
  project: "shop",
  images: { golden: { source: "/srv/golden.raw", disk_format: "raw", publish: { glance: { tags: ["a"] } } } },
};

const fields = { visibility: "private", protected: false, min_disk: 0, min_ram: 0, tags: ["a"], members: [], properties: {} };

function changeWith(status: string, applied: string | null = null) {
  const state: PublishedState = {
    id: "8d66f1b2-0000-4000-8000-000000000001",
    status,
    size: 1,
    digest: "sha512:ab",
    uploaded: status === "active" ? "sha512:ab" : null,
    fields: {
      name: "golden",
      ...fields,
      tags: status === "active" ? ["by hand"] : ["a"],
    },
    owned: [],
    applied,
  };
  const plan = planFor(config, hostSettings(config, runner), observedOf(factsWith(), new Map([["published/golden", state]])));
  return { plan, change: plan.changes.find(({ address }) => address === "published/golden") };
}

function planned(status: string) {
  const { plan, change } = changeWith(status);
  const errors = plan.diagnostics.filter(({ severity }) => severity === "error");
  return [change?.reason, ...errors.map(({ code, detail }) => `${code}: ${detail}`)];
}

test("Nova GLA-10: an upload that did not end is completed; an image in a state that no upload follows is an error of the plan with its remedy", () => {
  assert.deepEqual(planned("active"), ["it differs in Glance"]);
  for (const status of ["queued", "saving"]) assert.deepEqual(planned(status), ["its upload did not end"]);
  for (const [status, remedy] of [
    ["deactivated", "Have it reactivated, or delete it"],
    ["uploading", "Wait until it is active"],
    ["importing", "Wait until it is active"],
    ["killed", "Delete it there"],
    ["pending_delete", "Delete it there"],
    ["deleted", "Delete it there"],
  ] as const) {
    const [change, error, ...more] = planned(status);
    assert.equal(change, undefined);
    assert.match(error ?? "", new RegExp(`^glance-image-not-active: .*${remedy}`));
    assert.deepEqual(more, []);
  }
});

test("what differs although it was set is drift, also tags and names; what was not set yet is of the configuration", () => {
  const set = fieldsDigest({ name: "golden", ...fields });
  assert.equal(changeWith("active", set).change?.cause, "drift");
  for (const applied of [fieldsDigest({ name: "golden", ...fields, tags: ["b"] }), null]) {
    assert.equal(changeWith("active", applied).change?.cause, "config");
  }
});

/** The codes and places of what the rules of the service forbid. */
function refused(cloud: Partial<CloudFacts>, glance: object = {}): string[] {
  const wanted: Config = { ...config, images: { golden: { source: "/srv/golden.raw", disk_format: "raw", publish: { glance } } } };
  const user = { origin: "cloud ops", roles: ["member", "reader"], userId: "u1", projectId: "p1" };
  const facts = { ...factsWith(), cloud: { ...user, ...cloud } };
  const plan = planFor(wanted, hostSettings(wanted, runner), observedOf(facts, new Map()));
  const words = plan.diagnostics.filter(({ severity }) => severity === "error");
  return words.map(({ code, summary, detail, pointer }) => `${code} ${pointer?.join(".")}: ${summary}. ${detail}`);
}

test("what policy and property protection of Glance forbid is an error of the plan, in the order in which Glance asks", () => {
  const everything = "create = member\nread = @\nupdate = member\ndelete = member\n";
  const protections = {
    path: "pp.conf",
    text: `[^billing$]\ncreate = admin\nread = @\nupdate = admin\ndelete = !\n[.*]\n${everything}`,
    format: "roles",
  } as const;
  const policy = { path: "policy.yaml", text: "upload_image: role:uploader\n" };
  assert.deepEqual(refused({ policy: { ...policy, text: "" }, protections: { ...protections, text: `[.*]\n${everything}` } }), []);
  const [first = "", second = "", third = "", ...more] = refused(
    { policy, protections },
    { properties: { billing: "1" }, visibility: "public" },
  );
  assert.match(
    first,
    /^glance-property-protected images\.golden\.publish\.glance\.properties: .*\[\^billing\$\] \(pp\.conf:1\) says create = admin/,
  );
  assert.match(second, /^glance-policy-refused images\.golden\.publish: .*upload of an image.*upload_image \(policy\.yaml:1\)/);
  assert.match(third, /^glance-policy-refused .*public images.*publicize_image \(Glance's defaults\)/);
  assert.deepEqual(more, []);
  // Its own properties need room in the protections, too.
  const strict = refused({ protections: { ...protections, text: `[^billing$]\n${everything}` } });
  assert.match(strict[0] ?? "", /property virtform_project is protected from read.*No section of pp\.conf fits it/);
});

test("rules in the format of policies ask the policy file", () => {
  const text = "[.*]\ncreate = writers\nread = @\nupdate = writers\ndelete = writers\n";
  const protections = { path: "pp.conf", text, format: "policies" } as const;
  assert.deepEqual(refused({ protections, policy: { path: "p", text: "writers: role:member" } }), []);
  assert.match(refused({ protections, policy: { path: "p", text: "writers: role:admin" } })[0] ?? "", /protected from create/);
  assert.match(refused({ protections })[0] ?? "", /^glance-policy-invalid .*There is no rule writers/);
});

test("mistakes in the policy files are the only errors of the plan", () => {
  assert.deepEqual(
    refused({ policy: { path: "policy.yaml", text: "a: b:c\n" }, protections: { path: "pp", text: null, format: "roles" } }).map((one) =>
      one.slice(0, 90),
    ),
    [
      "glance-policy-invalid glance.policy_file: The rules of the image service have a mistake in",
      "glance-policy-invalid glance.property_protection_file: The rules of the image service have",
    ],
  );
});
