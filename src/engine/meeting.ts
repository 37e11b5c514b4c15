/** Where several tasks wait for one another: each brings its part, and all get what is made of the parts together. */
export interface Meeting<Part, Result> {
  /** Brings the part of one task and waits for the result. */
  attend(place: number, part: Part): Promise<Result>;
  /** Whether the part of this task is there. */
  attended(place: number): boolean;
  /** Ends the meeting for all with an error, as when a task ends that has brought nothing. */
  abandon(error: unknown): void;
  /** The error that ended the meeting. */
  readonly failure: { readonly error: unknown } | undefined;
}

/** Waits for `count` parts, gives them to `conclude` in the order of their places, and hands its result or its error to every task. */
export function createMeeting<Part, Result>(count: number, conclude: (parts: readonly Part[]) => Promise<Result>): Meeting<Part, Result> {
  const parts = new Map<number, Part>();
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  // Each task gets the error where it waits; there may be none that waits.
  promise.catch(() => undefined);
  let failure: { readonly error: unknown } | undefined;
  const abandon = (error: unknown) => {
    failure ??= { error };
    reject(error);
  };
  return {
    async attend(place, part) {
      parts.set(place, part);
      if (parts.size === count) {
        const ordered = [...parts].sort(([one], [other]) => one - other).map(([, given]) => given);
        conclude(ordered).then(resolve, abandon);
      }
      return promise;
    },
    attended: (place) => parts.has(place),
    abandon,
    get failure() {
      return failure;
    },
  };
}
