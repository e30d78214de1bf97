/**
 * Every word the page says, in English. The other languages have the same keys.
 */

export const english = {
  appName: "prim",
  starting: "Looking for the server…",

  // Conversations
  conversations: "Conversations",
  rooms: "Rooms",
  moreRooms: "More rooms",
  room: (name: string) => (/^\d+$/.test(name) ? `Room ${name}` : name),
  everybody: "Announcements",
  find: "Find or join",
  findShort: "Find a room or a person",
  unread: (count: number) => `${count} unread`,
  you: "You",
  youWrote: (text: string) => `You: ${text}`,
  nothingYet: "No messages yet",
  clickToJoin: "Open to join",
  notSentShort: "Not sent",
  image: "Image",
  file: "File",
  back: "Back to the conversations",
  leaveRoom: "Leave this room",
  removePerson: "Remove from the list",

  // Identity
  guest: "Guest mode",
  guestHint: "Anyone may log in under any name. Fine for trying out, not for secrets.",
  changeName: "Change your name",
  yourName: "Your name",
  nameHint:
    "Others see it beside what you write. Messages to one person stay with the name they were sent to.",
  nameFault:
    "This name can’t be used: it is empty, too long, reserved, or has characters that names can’t have.",
  save: "Use this name",
  cancel: "Cancel",
  language: "中文",
  languageHint: "切换到中文",

  // Connection
  connecting: "Connecting…",
  online: "Connected",
  offlineShort: "Not connected",
  draining: "The server is about to restart. You will be connected again by itself.",
  lost: "Connection lost. What you write is sent when it is back.",
  retryIn: (seconds: number) => (seconds > 0 ? `Trying again in ${seconds} s` : "Trying again…"),
  backAgain: "Connected again.",
  refused: "The server does not let you in.",
  kicked: "You were signed out.",
  signIn: "Sign in again",
  retry: "Try now",

  // Messages
  messages: (name: string) => `Messages in ${name}`,
  emptyRoom: "Nothing has been said here yet.",
  emptyRoomHint: "Say hello, or open this page in a second window and talk to yourself.",
  emptyDirect: (name: string) => `This is the beginning of your conversation with ${name}.`,
  emptyDirectHint: "Only the two of you see what is written here. It arrives even if they are away.",
  emptyAll: "Announcements to everybody appear here.",
  noConversation: "Choose a conversation",
  noConversationHint: "Pick one on the left, or press Ctrl K to find a room or a person.",
  loading: "Loading messages…",
  beginning: "This is the beginning.",
  newHere: "New",
  newMessages: (count: number) =>
    count > 99 ? "99+ new messages" : count === 1 ? "1 new message" : `${count} new messages`,
  toLatest: "Jump to the latest",
  announced: (name: string, text: string) => `${name}: ${text}`,
  came: (names: string, count: number) => `${names} ${count === 1 ? "is" : "are"} here`,
  left: (names: string, count: number) => `${names} ${count === 1 ? "has" : "have"} gone`,
  andOthers: (names: string, count: number) => `${names} and ${count} more`,
  typingOne: (name: string) => `${name} is typing…`,
  typingMany: (names: string) => `${names} are typing…`,
  typingShort: "typing…",
  toEveryone: "to everyone",
  imageFrom: (name: string) => `Image from ${name}`,
  imageFailed: "The image can’t be shown. Open its address",
  today: "Today",
  yesterday: "Yesterday",

  // Own messages
  sending: "Sending",
  delivered: "Delivered",
  read: "Read",
  readBy: (count: number) => `Read by ${count}`,
  notSent: "Not sent.",
  sendAgain: "Send again",
  throwAway: "Delete",

  // Writing
  writeTo: (name: string) => `Write to ${name}`,
  send: "Send",
  emoji: "Emoji",
  emojiGroup: { people: "Faces and people", nature: "Nature", things: "Things", signs: "Signs" },
  addImage: "Image by address",
  imageAddress: "Address of an image",
  imageHint: "It starts with https:// and is loaded from there by everybody who reads this.",
  imageFault: "No image was found at this address.",
  imageSend: "Send image",
  imageChecking: "Looking at the image…",
  pasted: "Uploading is not there yet. This is where the image would go; send one by its address meanwhile.",
  pastedAlt: "The pasted image",
  tooMany: "Too much is waiting to be sent. Wait for the connection.",
  tooLong: "This message is too long.",
  cannotReply: "Nobody reads answers here.",

  // People
  people: "People",
  showPeople: "Show who is here",
  hidePeople: "Hide who is here",
  close: "Close",
  here: (count: number) => `Here now: ${count}`,
  away: (count: number) => `Away: ${count}`,
  morePeople: (count: number) => `and ${count} more`,
  isOnline: "Online",
  isAway: "Away",
  writeDirectly: (name: string) => `Write to ${name} alone`,
  membersHere: (count: number) => (count === 1 ? "1 person here" : `${count} people here`),
  nobodyElse: "You are alone here. Open this page in a second window to try it out.",

  // Finding
  findTitle: "Find a room or a person",
  findHint: "Type a name. A room that does not exist yet is made by joining it.",
  joinRoom: (name: string) => `Join the room ${name}`,
  writeToPerson: (name: string) => `Write to ${name}`,
  nothingFound: "Nothing found.",
  results: (count: number) => (count === 1 ? "1 result" : `${count} results`),
};

export type Wording = typeof english;
