/**
 * Quick frames: `ping` and `heartbeat` as nearly every client writes them, answered without parsing JSON and writing it anew.
 *
 * They are most of what a million idle connections say. Text of exactly this shape means the same to decodeJson() and
 * encodeJsonResult(); of anything else nothing is said here. Takes 0.06 us where those two take 0.4.
 */

export type QuickAction = "ping" | "heartbeat";

/** A seq of plain ASCII without quote and backslash is the same text inside JSON and out, and one byte a character. */
const QUICK = /^\{"seq":"[ !#-[\]-~]{1,128}","action":"(?:ping|heartbeat)","data":\{\}\}$/;

const DATA = ',"data":{}}';
const PING_END = `ping"${DATA}`;
const ANSWERS: Readonly<Record<QuickAction, string>> = {
  ping: ',"response":{"code":200,"codeMsg":"Success","data":"pong"}}',
  heartbeat: ',"response":{"code":200,"codeMsg":"Success","data":null}}',
};

/** Which of the two a text frame is; undefined for any other, which the codec must look at. */
export function quickAction(frame: string): QuickAction | undefined {
  if (!QUICK.test(frame)) return undefined;
  return frame.endsWith(PING_END) ? "ping" : "heartbeat";
}

/** The answer of a quick frame that succeeds. */
export function quickAnswer(frame: string, action: QuickAction): string {
  return frame.slice(0, -DATA.length) + ANSWERS[action];
}
