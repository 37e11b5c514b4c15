import type { Diagnostic } from "../../model/diagnostic.ts";
import type { CloudFacts, HostFacts } from "../../model/host-facts.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import { isAllowed, type PolicyTarget } from "../../tools/openstack/policy/is-allowed.ts";
import { type PolicyRules, type RuleMistake, readPolicyFile } from "../../tools/openstack/policy/policy-file.ts";
import { type PropertySection, readPropertyProtections } from "../../tools/openstack/policy/property-protections.ts";
import { cachedImage } from "./address.ts";
import type { ImageSpec } from "./spec.ts";

/** The rules of the image service that a configuration names, read. */
export interface CloudRules {
  readonly user: CloudFacts;
  /** Null: no policy file is named. */
  readonly rules: PolicyRules | null;
  /** Null: no file of property protections is named. */
  readonly sections: readonly PropertySection[] | null;
  readonly mistakes: readonly (RuleMistake & { readonly key: "policy_file" | "property_protection_file" })[];
}

/** Reads the rules; undefined where the configuration names none. Pure. */
export function cloudRules({ cloud }: HostFacts): CloudRules | undefined {
  if (cloud === undefined) return undefined;
  const { policy, protections } = cloud;
  const unread = { what: "The file cannot be read: it is missing, not a regular file, longer than 1 MiB, or its mode does not permit it." };
  const rules =
    policy === undefined
      ? undefined
      : policy.text === null
        ? { rules: new Map(), mistakes: [{ place: policy.path, ...unread }] }
        : readPolicyFile(policy.path, policy.text);
  const found =
    protections === undefined
      ? undefined
      : protections.text === null
        ? { sections: [], mistakes: [{ place: protections.path, ...unread }] }
        : readPropertyProtections(protections.path, protections.text, protections.format);
  return {
    user: cloud,
    rules: rules?.rules ?? null,
    sections: found?.sections ?? null,
    mistakes: [
      ...(rules?.mistakes ?? []).map((one) => ({ ...one, key: "policy_file" as const })),
      ...(found?.mistakes ?? []).map((one) => ({ ...one, key: "property_protection_file" as const })),
    ],
  };
}

/** Why a policy rule forbids something, as code, summary and detail; undefined when it does not. `what`: words for the summary. Pure. */
export function policyRefusal({ user, rules }: CloudRules, rule: string, target: PolicyTarget, what: string) {
  if (rules === null) return undefined;
  const answer = isAllowed(rules, rule, user, target);
  if (typeof answer === "string") {
    return { code: "glance-policy-invalid", summary: `Rule ${rule} of the image service cannot be evaluated`, detail: answer };
  }
  if (answer.allowed) return undefined;
  const roles = user.roles.join(", ") || "no role";
  return {
    code: "glance-policy-refused",
    summary: `The policy of the image service forbids ${what}`,
    detail: `Rule ${rule} (${answer.place}) does not allow it to the user of ${user.origin}, who has ${roles} in project ${user.projectId ?? "none"}. Use another user, or have the rule changed there and in the file.`,
  };
}

/** Mistakes in the files of rules, and images that the policy does not let this user download. Pure. */
export function checkCloudRules(resources: readonly Resource<ImageSpec>[], observed: Observed): Diagnostic[] {
  const rules = cloudRules(observed.facts);
  if (rules === undefined) return [];
  const mistakes = rules.mistakes.map(({ place, what, key }) =>
    problem("glance-policy-invalid", {
      summary: `The rules of the image service have a mistake in ${place}`,
      detail: `${what} Requests to the image service are not checked until the file can be read. Correct it, or remove glance.${key}.`,
      pointer: ["glance", key],
    }),
  );
  if (mistakes.length > 0) return mistakes;
  return resources.flatMap(({ address, spec }): Diagnostic[] => {
    const { found, name } = spec;
    if (found === null || spec.cloneSize !== null || cachedImage(observed, spec.entry) !== undefined) return [];
    const target = {
      project_id: found.owner ?? undefined,
      owner: found.owner ?? undefined,
      visibility: found.visibility,
      image_id: found.id,
    };
    const refusal = policyRefusal(rules, "download_image", target, `the download of image ${name}`);
    return refusal === undefined ? [] : [problem(refusal.code, { ...refusal, address, key: ["source"] })];
  });
}
