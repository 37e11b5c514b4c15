import { durationMs } from "../../model/duration.ts";
import type { DomainFields, FieldValue } from "./domain-state.ts";

/** How a guest is shut down. */
export interface Shutdown {
  /** How long it may take. */
  readonly seconds: number;
  /** Whether it is powered off then. */
  readonly force: boolean;
}

/** Nova DEL-02. */
export const usualShutdown: Shutdown = { seconds: 60, force: true };

/** How a guest with these settings is shut down. */
export function shutdownOf(values: Readonly<Record<string, FieldValue>>): Shutdown {
  const milliseconds = durationMs(String(values["shutdown.timeout"] ?? ""));
  return {
    seconds: milliseconds === undefined ? usualShutdown.seconds : Math.ceil(milliseconds / 1000),
    force: values["shutdown.force"] !== false,
  };
}

/** How a guest is shut down that was applied with these fields. */
export function recordedShutdown(fields: DomainFields): Shutdown {
  return {
    seconds: Number(fields["shutdown_timeout"] ?? usualShutdown.seconds),
    force: fields["shutdown_force"] !== false,
  };
}
