import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { digestProperty, fieldsProperty, keyProperties, ownedProperty } from "../../sources/glance/published.ts";
import { isAllowed } from "../../tools/openstack/policy/is-allowed.ts";
import { type PropertyOperation, sectionFor } from "../../tools/openstack/policy/property-protections.ts";
import { type CloudRules, cloudRules, policyRefusal } from "../image/cloud-rules.ts";
import { published } from "./address.ts";
import { differenceOf } from "./difference.ts";
import { fieldsDigest } from "./fields-digest.ts";
import type { PublishedSpec, PublishedState } from "./spec.ts";

/**
 * What the rules of the image service forbid of that which an apply would ask it for, in the order in which Glance asks them (Nova GLA-02): property
 * protection, policy. The owner (GLA-08) comes first there: only images of the token's project are found at all. Pure.
 */
export function checkRules(resources: readonly Resource<PublishedSpec>[], observed: Observed): Diagnostic[] {
  const rules = cloudRules(observed.facts);
  // Mistakes in the files are reported with the images.
  if (rules === undefined || rules.mistakes.length > 0) return [];
  return resources.flatMap(({ spec }) => {
    const have = observed.get(published.at(spec.image));
    return [...checkProperties(rules, spec, have), ...checkPolicy(rules, spec, have)];
  });
}

/** What is done with which property, with those by which virtform finds its images. */
function propertyUses({ fields }: PublishedSpec, have: PublishedState | undefined): readonly (readonly [PropertyOperation, string])[] {
  const own = [...keyProperties, digestProperty, ownedProperty, fieldsProperty];
  const reads = [...own, ...Object.keys(fields.properties)].map((name) => ["read", name] as const);
  if (have === undefined) return [...reads, ...[...own, ...Object.keys(fields.properties)].map((name) => ["create", name] as const)];
  const differences = differenceOf(fields, have);
  const changed = differences.flatMap(({ path, have: before, want }) => {
    if (!path.startsWith("properties.")) return [];
    const name = path.slice("properties.".length);
    return [[before === undefined ? "create" : want === undefined ? "delete" : "update", name] as const];
  });
  const isUploaded = have.status === "active" && have.uploaded !== null;
  return [
    ...reads,
    ...(isUploaded ? [] : [["create", digestProperty] as const]),
    ...(changed.length === 0 ? [] : [["update", ownedProperty] as const]),
    ...(differences.length === 0 || have.applied === fieldsDigest(fields)
      ? []
      : [[have.applied === null ? "create" : "update", fieldsProperty] as const]),
    ...changed,
  ];
}

/** Nova GLA-07: the first section whose pattern is found in the name decides; without one it is forbidden. */
function checkProperties(rules: CloudRules, spec: PublishedSpec, have: PublishedState | undefined): Diagnostic[] {
  const { sections, user } = rules;
  if (sections === null || sections.length === 0) return [];
  const format = user.protections?.format ?? "roles";
  const roles = new Set(user.roles.map((role) => role.toLowerCase()));
  return propertyUses(spec, have).flatMap(([operation, name]): Diagnostic[] => {
    const section = sectionFor(sections, name);
    const values = section?.allowed[operation] ?? [];
    const [rule = ""] = values;
    const at = {
      pointer: ["images", spec.image, "publish", "glance", ...(Object.hasOwn(spec.fields.properties, name) ? ["properties"] : [])],
    };
    let allowed = !values.includes("!") && (values.includes("@") || (format === "roles" && values.some((one) => roles.has(one))));
    if (format === "policies" && rule !== "" && rule !== "@" && rule !== "!") {
      const answer = isAllowed(rules.rules ?? new Map(), rule, user, null);
      if (typeof answer === "string")
        return [
          problem("glance-policy-invalid", { summary: `Property protection ${section?.place} cannot be evaluated`, detail: answer, ...at }),
        ];
      allowed = answer.allowed;
    }
    if (allowed) return [];
    const why =
      section === undefined
        ? `No section of ${user.protections?.path} fits it, which forbids it`
        : `[${section.name}] (${section.place}) says ${operation} = ${values.join(", ") || "nothing"}`;
    return [
      problem("glance-property-protected", {
        summary: `Image ${spec.image}: property ${name} is protected from ${operation}`,
        detail: `${why}, and the user of ${user.origin} has ${user.roles.join(", ") || "no role"}. ${name.startsWith("virtform_") ? "virtform finds its images by it." : "Remove the property, or use another user."}`,
        ...at,
      }),
    ];
  });
}

/** Nova GLA-07: the rules of the requests that an apply would make. */
function checkPolicy(rules: CloudRules, spec: PublishedSpec, have: PublishedState | undefined): Diagnostic[] {
  const { projectId } = rules.user;
  const target = (visibility: string) => ({
    project_id: projectId ?? undefined,
    owner: projectId ?? undefined,
    visibility,
    image_id: have?.id,
  });
  const { fields, image } = spec;
  const differences = have === undefined ? [] : differenceOf(fields, have).map(({ path }) => path);
  const uploads = have === undefined || have.status !== "active" || have.uploaded === null;
  const changesTo = (path: string) => have === undefined || differences.includes(path);
  const members = changesTo("members");
  const leaving = (have?.fields.members ?? []).some((one) => !fields.members.includes(one));
  const asked: readonly (readonly [boolean, string, string])[] = [
    [have === undefined, "add_image", "the creation of an image"],
    [uploads, "upload_image", "the upload of an image"],
    [uploads || differences.length > 0, "modify_image", "changes of an image"],
    [fields.visibility === "public" && changesTo("visibility"), "publicize_image", "public images"],
    [fields.visibility === "community" && changesTo("visibility"), "communitize_image", "community images"],
    [members && fields.members.length > 0, "add_member", "members of an image"],
    [members && leaving, "delete_member", "the removal of members of an image"],
  ];
  return asked.flatMap(([isAsked, rule, what]): Diagnostic[] => {
    const refusal = isAsked ? policyRefusal(rules, rule, target(have?.fields.visibility ?? "private"), `${what} (${image})`) : undefined;
    return refusal === undefined ? [] : [problem(refusal.code, { ...refusal, pointer: ["images", image, "publish"] })];
  });
}
