import type { Config, InstanceConfig } from "../config.ts";

/**
 * Whether an instance gets a config drive. What is injected into the root disk takes its place (Nova INJ-01), and containers have none. Pure.
 */
export function hasConfigDrive(
  { host }: Pick<Config, "host">,
  { config_drive, inject, adopt }: Pick<InstanceConfig, "config_drive" | "inject" | "adopt">,
): boolean {
  return host?.virt_type !== "lxc" && config_drive !== false && inject === undefined && adopt !== true;
}
