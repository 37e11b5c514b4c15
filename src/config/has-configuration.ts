import { readdirSync } from "node:fs";

/** Whether a file of a directory is read when the directory is given: `virtform.yaml`, and what ends in `.virtform.yaml`. */
export function isConfigurationFile(name: string): boolean {
  return name === "virtform.yaml" || name.endsWith(".virtform.yaml");
}

/** Whether a path is a directory with such a file. */
export function hasConfiguration(path: string): boolean {
  try {
    return readdirSync(path).some(isConfigurationFile);
  } catch {
    return false;
  }
}
