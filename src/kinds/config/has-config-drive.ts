import type { InstanceConfig } from "../config.ts";

/** Whether an instance gets a config drive. What is injected into the root disk takes its place (Nova INJ-01). Pure. */
export function hasConfigDrive({ config_drive, inject, adopt }: Pick<InstanceConfig, "config_drive" | "inject" | "adopt">): boolean {
  return config_drive !== false && inject === undefined && adopt !== true;
}
