import { addressName } from "../model/address.ts";
import { forecastOf } from "../model/forecast.ts";
import { canApply, type Plan } from "../model/plan.ts";
import { approximateQuantity } from "../model/quantity.ts";
import { count, formatDuration } from "./quantities.ts";

/** Less is not worth a line. */
const fewBytes = 2 ** 20;
const fewSeconds = 1;
/** Guests that are named; of more of them their number is. */
const mostNames = 3;

/**
 * What an apply of a plan will take, in one line: `Forecast: downloads 320MiB, writes 2.1GiB (60GiB when disks are full), about 40s; web is down about 5s`.
 * Undefined where it is next to nothing.
 */
export function forecastLine(plan: Plan): string | undefined {
  if (plan.actions.length === 0 || !canApply(plan)) return undefined;
  const { download, write, overwrite, full, unknown, seconds, measured, downtime } = forecastOf(plan);
  const most = Math.max(download, write, overwrite);
  if (most < fewBytes && unknown.length === 0 && seconds < fewSeconds && downtime.length === 0) return undefined;
  const least = unknown.length === 0 ? "" : "at least ";
  const unseen = unknown.filter((address) => /(^|\/)image\//.test(address)).map(addressName);
  const later = full > 1.1 * write && full >= fewBytes ? ` (${approximateQuantity(full)} when disks are full)` : "";
  const written = `writes ${unknown.length > 0 && write < fewBytes ? "an unknown amount" : `${least}${write < fewBytes ? "less than 1MiB" : approximateQuantity(write)}`}${later}`;
  const parts = [
    ...(unseen.length === 0 ? [] : [`downloads ${listed(unseen, "image")} (size unknown)`]),
    ...(download < fewBytes ? [] : [`downloads ${approximateQuantity(download)}`]),
    ...(write < fewBytes && later === "" ? [] : [written]),
    ...(overwrite < fewBytes ? [] : [`overwrites ${approximateQuantity(overwrite)}`]),
    `${least === "" ? "about" : "more than"} ${durationText(seconds)}`,
  ];
  const guess = measured ? "" : " (a guess: not measured on this host yet)";
  return `Forecast: ${parts.join(", ")}${guess}${downtimeText(downtime)}`;
}

function downtimeText(downtime: ReturnType<typeof forecastOf>["downtime"]): string {
  if (downtime.length === 0) return "";
  const longest = durationText(Math.max(...downtime.map(({ seconds }) => seconds)));
  const names = downtime.map(({ address }) => addressName(address));
  if (names.length === 1) return `; ${names[0]} is down about ${longest}`;
  return `; ${listed(names, "guest")} are down up to ${longest}`;
}

function listed(names: readonly string[], noun: string): string {
  if (names.length > mostNames) return count(names.length, noun);
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

/** Whole seconds: more is not known before. */
function durationText(seconds: number): string {
  return seconds < fewSeconds ? "1s" : formatDuration(Math.round(seconds) * 1000).replace(/\.0s$/, "s");
}
