/**
 * Every word the page says, in English and in Chinese.
 */

const ENGLISH = {
  room: (platform: number) => `Room ${platform}`,
  connecting: "Connecting…",
  online: "Connected",
  offline: "Offline",
  draining: "The server is about to restart. You will be connected again by itself.",
  lost: "Connection lost.",
  retryIn: (seconds: number) => (seconds > 0 ? `Trying again in ${seconds} s` : "Trying again…"),
  back: "Connected again.",
  refused: (code: number) => `The server does not let you in (${code}).`,
  kicked: "You were signed out.",
  away: "The server can’t be reached.",
  retry: "Try now",
  guest: "Guest mode",
  guestHint: "anyone may log in under any name",
  people: (count: number) => `People (${count})`,
  showPeople: (count: number) => `People: ${count}`,
  morePeople: (count: number) => `and ${count} more`,
  you: "you",
  messages: "Messages",
  nobodyYet: "Nothing has been said here yet. Say hello!",
  entered: (name: string) => `${name} is here`,
  left: (name: string) => `${name} has gone`,
  gap: "Some messages in between are not shown.",
  privately: "to you only",
  toEveryone: "to everyone",
  image: (name: string) => `Image from ${name}`,
  file: "File",
  writeHere: "Write a message",
  offlineHint: "Waiting for the connection…",
  send: "Send",
  sending: "Sending…",
  notSent: "Not sent.",
  sendAgain: "Send again",
  tooMany: "Too much is waiting to be sent.",
  newMessages: "New messages",
  toLatest: "To the latest",
  changeName: (name: string) => `Your name: ${name}. Change it`,
  yourName: "Your name",
  nameHint: "Others see it beside what you write.",
  nameFault: "This name can’t be used: it is too long, or has characters that names can’t have.",
  save: "Log in",
  cancel: "Cancel",
};

export type Wording = typeof ENGLISH;

const CHINESE: Wording = {
  room: (platform) => `聊天室 ${platform}`,
  connecting: "连接中…",
  online: "已连接",
  offline: "已断开",
  draining: "服务器即将重启，稍后会自动重新连接。",
  lost: "连接已断开。",
  retryIn: (seconds) => (seconds > 0 ? `${seconds} 秒后重试` : "正在重试…"),
  back: "已重新连接。",
  refused: (code) => `服务器拒绝了登录（${code}）。`,
  kicked: "你已被登出。",
  away: "无法连接服务器。",
  retry: "立即重试",
  guest: "访客模式",
  guestHint: "任何人都可以用任意名字登录",
  people: (count) => `在线（${count}）`,
  showPeople: (count) => `在线人数：${count}`,
  morePeople: (count) => `还有 ${count} 人`,
  you: "我",
  messages: "消息",
  nobodyYet: "这里还没有消息，打个招呼吧！",
  entered: (name) => `${name} 来了`,
  left: (name) => `${name} 离开了`,
  gap: "中间有些消息没有显示。",
  privately: "仅发给你",
  toEveryone: "发给所有人",
  image: (name) => `${name} 发的图片`,
  file: "文件",
  writeHere: "输入消息",
  offlineHint: "等待连接…",
  send: "发送",
  sending: "发送中…",
  notSent: "未发送。",
  sendAgain: "重新发送",
  tooMany: "等待发送的消息太多。",
  newMessages: "有新消息",
  toLatest: "回到最新",
  changeName: (name) => `你的名字：${name}，点击修改`,
  yourName: "你的名字",
  nameHint: "其他人会看到这个名字。",
  nameFault: "这个名字不能用：太长，或含有不允许的字符。",
  save: "登录",
  cancel: "取消",
};

/** The language the page speaks to somebody whose browser speaks this one; both are BCP 47 tags. */
export function pageLanguage(language: string): string {
  return /^(?:en|zh)\b/i.test(language) ? language : "en";
}

/** @param language see pageLanguage(). */
export function wordingFor(language: string): Wording {
  return /^zh/i.test(language) ? CHINESE : ENGLISH;
}
