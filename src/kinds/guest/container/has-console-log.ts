import type { Context } from "../../../model/context.ts";

/** Whether guests have a console log: libvirt's driver of containers writes none. */
export function hasConsoleLog({ settings }: Pick<Context, "settings">): boolean {
  return settings.virtType !== "lxc";
}
