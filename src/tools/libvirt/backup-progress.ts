import type { BackupProgress } from "./face.ts";
import type { procedures } from "./rpc/procedures.ts";

/** libvirt's numbers of the states of a job of a domain. One that runs has another number. */
export const jobStates = { none: 0, completed: 3, failed: 4, cancelled: 5 } as const;

/** libvirt's number of jobs that are backups (virDomainJobOperation). */
const backupOperation = 9;

type JobStats = ReturnType<(typeof procedures)["jobStats"]["result"]["read"]>;

/** The progress of a backup by the statistics of a job. A cancelled one leaves no statistics, so none means that it failed. Pure. */
export function backupProgress({ type, values }: JobStats): BackupProgress {
  const number = (field: string) => Number(values.find((one) => one.field === field)?.value.value ?? 0);
  const isBackup = number("operation") === backupOperation;
  const ended = ([jobStates.none, jobStates.failed, jobStates.cancelled] as readonly number[]).includes(type);
  const state = ended || !isBackup ? "failed" : type === jobStates.completed ? "completed" : "running";
  return { state, done: number("disk_processed"), total: number("disk_total") };
}
