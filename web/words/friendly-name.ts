/**
 * Names for guests: an animal in a good mood, and a number so that two seldom meet.
 */

const ENGLISH = {
  moods: "Amber Brave Calm Clever Curious Gentle Happy Jolly Kind Lucky Merry Quiet Quick Sunny Swift Witty",
  animals: "Badger Beaver Crane Dolphin Falcon Fox Hare Heron Koala Lynx Otter Owl Panda Robin Seal Wren",
  joint: " ",
};
const CHINESE = {
  moods: "快乐的 安静的 勇敢的 聪明的 好奇的 温柔的 幸运的 机灵的 悠闲的 阳光的 沉稳的 活泼的",
  animals: "水獭 熊猫 狐狸 海豚 白鹤 松鼠 小鹿 考拉 云雀 海豹 刺猬 白兔",
  joint: "",
};

const NUMBER_MAX = 99;

export function friendlyName(language: string): string {
  const { moods, animals, joint } = language.startsWith("zh") ? CHINESE : ENGLISH;
  const number = 1 + Math.floor(Math.random() * NUMBER_MAX);
  return [pick(moods), pick(animals), number].join(joint);
}

function pick(words: string): string {
  const list = words.split(" ");
  return list[Math.floor(Math.random() * list.length)] ?? "";
}
