import type { Check } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import type { Config } from "../config.ts";

/** Whether the project belongs to a configuration from elsewhere: then objects that only the other one declares would be removed. */
export const checkClaim: Check<Config> = (_wanted, { facts }, config) => {
  const { owner, origin, takeOver } = facts.project ?? {};
  if (owner === undefined || owner === origin || takeOver === true) return [];
  const detail = `It was applied from ${owner}, and this configuration is ${origin}. Two configurations with one project would remove each other's objects. Give this one a project of its own. If it takes the place of the other one, for example because it was moved, apply it once with --take-over-project.`;
  return [
    problem("project-claimed", {
      summary: `The project ${config.project} belongs to another configuration`,
      detail,
      pointer: ["project"],
    }),
  ];
};
