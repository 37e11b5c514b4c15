import type { Presentation } from "../../model/presentation.ts";
import { originOfPort } from "../terms/port-filter.ts";

/** How people see security groups and the filters of interfaces. */
export const presentFilters: Readonly<Record<string, Presentation>> = {
  "security-group": { noun: ["security group", "security groups"], statements: true },
  filter: { noun: ["port filter", "port filters"], statements: true, instanceOf: originOfPort },
};
