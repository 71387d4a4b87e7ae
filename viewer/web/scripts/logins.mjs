/** Sign-ins of eight teams, made by chance that repeats: a table of events for pictures. */
export function logins(n = 3000) {
  let a = 4;
  const random = () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (k) => Math.floor(k * random());
  const TEAMS = 8;
  const users = Array.from({ length: 160 }, (_, i) => `u${String(i).padStart(3, "0")}`);
  const devices = users.map(() => Array.from({ length: 1 + (random() < 0.3 ? 1 : 0) }, () => `dev-${below(16 ** 5).toString(16).padStart(5, "0")}`));
  const addresses = Array.from({ length: TEAMS }, (_, t) => Array.from({ length: 9 }, () => `10.${t}.${below(4)}.${below(250)}`));
  const start = Date.UTC(2026, 2, 1) / 1000;
  const rows = Array.from({ length: n }, () => {
    const team = below(TEAMS);
    const user = team + TEAMS * below(users.length / TEAMS);
    // Days are busier than nights, and in the last week one device signs in for many.
    const day = below(30);
    const second = Math.floor(86_400 * Math.min(0.999, Math.max(0, 0.5 + 0.16 * (random() + random() + random() - 1.5) * 2)));
    const isOdd = day > 22 && random() < 0.08;
    const address = isOdd ? "203.0.113.9" : addresses[random() < 0.96 ? team : below(TEAMS)][below(9)];
    const device = isOdd ? "dev-0ddba" : devices[user][below(devices[user].length)];
    return [start + 86_400 * day + second, users[user], address, device, isOdd ? "failed" : random() < 0.7 ? "signed in" : "signed out"];
  }).sort((one, other) => one[0] - other[0]);
  return ["event_id,ts,user,ip,device,action", ...rows.map((row, i) => [i + 1, ...row].join(","))].join("\n") + "\n";
}
