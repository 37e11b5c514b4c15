import { type Cause, causeReasons, type FieldChange } from "../../../model/change.ts";
import type { DomainState } from "../../terms/domain-state.ts";
import { leftPaused } from "../../terms/plugging.ts";

/** Why a guest is changed, in a few words. */
export function updateReason(cause: Cause, fields: readonly FieldChange[], have: DomainState): string {
  if (!have.persistent) return "undefined outside virtform while running";
  if (have.earlier !== undefined && fields.length === 1) return `it was ${have.earlier}`;
  const rescue = fields.find(({ path }) => path === "rescue");
  if (rescue !== undefined)
    return rescue.new === undefined
      ? "it leaves rescue"
      : rescue.old === undefined
        ? "it goes into rescue"
        : "it is rescued with another image";
  if (fields.every(({ path }) => path === "saved_memory" || path === "power_state") && fields.some(({ path }) => path === "saved_memory"))
    return "its saved memory belongs to a disk that is missing";
  const power = fields.find(({ path }) => path === "power_state");
  if (fields.length === 1 && power !== undefined) {
    if (have.power === "crashed") return "the guest crashed";
    if (have.failedStart === true) return "its last start failed, and it should be running";
    if ((have.plugging === true || have.unplugged === true) && power.new === "running")
      return have.power === "paused" ? leftPaused : "its interfaces were not ready at its last start, and it should be running";
    if (have.power === "saved" && power.new === "running") return "its memory was saved, and it should be running";
    if (power.cause === "drift")
      return `it is ${have.power}${have.pausedBy === undefined ? "" : ` by ${have.pausedBy},`} and should be ${power.new}`;
    return "the configured power state changed";
  }
  return causeReasons[cause];
}
