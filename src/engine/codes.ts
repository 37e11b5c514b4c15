/** The stable codes of problems with planning and applying, and what each means. */
export const codes: Readonly<Record<string, string>> = {
  "accepted-drift-expired": "An entry of the file of `drift --ignore` is older than its `until`.",
  "accepted-drift-unused": "An entry of the file of `drift --ignore` accepts nothing that was found.",
  "destroy-not-allowed": "The plan would lose data, and that was not allowed in advance.",
  "event-hook-failed": "The program of `host.event_hook` failed or took longer than ten seconds.",
  "interrupted-apply": "An earlier apply was interrupted. The plan starts from what is whole.",
  "journal-not-readable": "A journal of an earlier apply cannot be read. It is ignored.",
  "journal-not-written": "The journal of this apply is incomplete. The apply does not depend on it.",
  "moved-since-plan": "The host has changed between a plan and the answer to it. Nothing has been done.",
  "no-terminal": "The plan needs consent, and there is no terminal to ask.",
  "read-only-role": "`host.role` is reader: sessions with this configuration change nothing.",
  "stale-plan": "The host has changed since the plan was saved.",
  "not-replaceable": "What is named for a replacement cannot be replaced.",
  "unread-may-use": "A change could harm an object that cannot be read and that the plan leaves out, or what that uses.",
  "unread-needed": "A change needs or touches an object that cannot be read and that the plan leaves out.",
  "unknown-target": "`--target` or `--replace` names nothing that is declared or found.",
};
