import { type Plan, plansOfHosts } from "../model/plan.ts";
import { shellWord } from "../model/shell-word.ts";

/** What people read above the programs of `host.event_hook`. */
export const eventHookTitle = "Program run here for each step of an image (host.event_hook)";

/** The programs that the apply of a plan runs for steps of images, as command lines; of several hosts with the name of the host. */
export function eventHooks(plan: Plan): string[] {
  return plansOfHosts(plan).flatMap(({ host, eventHook, actions }) => {
    if (eventHook === undefined || actions.length === 0) return [];
    const line = eventHook.map(shellWord).join(" ");
    return [plan.hosts === undefined ? line : `${host}: ${line}`];
  });
}
