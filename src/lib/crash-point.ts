// Named points of the pipeline at which the crash suite has a process kill itself. Unarmed, as always outside of that suite, a point
// costs one comparison.

/** The points. `before` and `after` are of a commit; `answered` and `posted` lie between somebody's answer and the commit that notes it. */
export const CRASH_POINTS = [
  'accept.before',
  'accept.after',
  'lanes.taken',
  'dispatch.before',
  'dispatch.after',
  'dispatch.posting',
  'dispatch.answered',
  'receive.before',
  'receive.after',
  'inbound.before',
  'inbound.after',
  'deliver.before',
  'deliver.after',
  'deliver.posting',
  'deliver.answered',
] as const;

/** Points on the way of a user's file: all its bytes came; it is kept; the database knows that, and nobody was told. */
export const FILE_CRASH_POINTS = ['media.came', 'media.kept', 'media.settled'] as const;

/** Points on the way of a short message: it is claimed and may be sent any moment; its provider answered, and the database does not know. */
const SMS_CRASH_POINTS = ['sms.claimed', 'sms.answered'] as const;

/** Points on the way of templates: scheduled messages are accepted, and nobody was told; so is what a pass over Meta's templates found. */
const TEMPLATE_CRASH_POINTS = ['schedule.released', 'templates.found'] as const;

/** On the way of short links: those of a message are on disk, and it is not posted yet. */
const LINK_CRASH_POINTS = ['links.written'] as const;

/** Every point there is. */
export const ALL_CRASH_POINTS = [
  ...CRASH_POINTS,
  ...FILE_CRASH_POINTS,
  ...SMS_CRASH_POINTS,
  ...TEMPLATE_CRASH_POINTS,
  ...LINK_CRASH_POINTS,
] as const;

/** One of them. */
export type CrashPoint = (typeof ALL_CRASH_POINTS)[number];

const armed: { point: CrashPoint | undefined; hits: number } = { point: undefined, hits: 0 };

/** From now on the process kills itself (SIGKILL) when it comes to `point` for the `hits`-th time. */
export function armCrashPoint(point: CrashPoint, hits: number): void {
  armed.point = point;
  armed.hits = hits;
}

/** Says that `point` is reached. Does nothing unless it is armed. */
export function crashPoint(point: CrashPoint): void {
  if (armed.point !== point) return;
  armed.hits -= 1;
  if (armed.hits <= 0) process.kill(process.pid, 'SIGKILL');
}
