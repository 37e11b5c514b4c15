import { readPolicyCheck } from "./expression.ts";
import type { PolicyRules } from "./policy-file.ts";

const admin = "rule:context_is_admin";
const member = `${admin} or (role:member and project_id:%(project_id)s)`;
const seen =
  "project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s";

/** What Glance 2025 does without a policy file, as far as virtform asks for it (glance/policies). */
const checks: Readonly<Record<string, string>> = {
  default: "",
  context_is_admin: "role:admin",
  add_image: `${admin} or (role:member and project_id:%(project_id)s and project_id:%(owner)s)`,
  get_image: `${admin} or (role:reader and (${seen}))`,
  download_image: `${admin} or (role:member and (${seen}))`,
  modify_image: member,
  upload_image: member,
  publicize_image: admin,
  communitize_image: member,
  add_member: member,
  delete_member: member,
};

let rules: PolicyRules | undefined;

/** The rules of Glance itself. Read on first use: few configurations need them. */
export function defaultRules(): PolicyRules {
  rules ??= new Map(
    Object.entries(checks).map(([name, text]) => {
      const check = readPolicyCheck(text);
      if (typeof check === "string") throw new Error(`the default of ${name}: ${check}`);
      return [name, { check, place: "Glance's defaults" }];
    }),
  );
  return rules;
}
