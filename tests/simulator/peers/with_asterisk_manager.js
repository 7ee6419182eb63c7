// Follows calls with asterisk-manager, somebody else's AMI library (Node.js): prints what it saw as JSON.
const [folder, host, port, user, secret, seconds] = process.argv.slice(2);
const Manager = require(folder + '/asterisk-manager');

const events = [];
const answers = { members: {} };
const manager = new Manager(Number(port), host, user, secret, true);
manager.on('managerevent', (event) => {
  if (event.event === 'QueueMember') answers.members[event.location] = event.paused;
  events.push([event.event, event.channel || null, event.calleridname || null]);
});
const ask = (action, name, take) =>
  manager.action(action, (error, answer) => { answers[name] = take(error || answer); });

manager.on('connect', () => {
  ask({ action: 'Ping' }, 'ping', (a) => a.ping);
  ask({ action: 'QueuePause', queue: 'astcti-queue', interface: 'PJSIP/201', paused: 'true' }, 'pause', (a) => a.message);
  ask({ action: 'QueueStatus', queue: 'astcti-queue' }, 'status', (a) => a.response);
  ask({ action: 'Originate', channel: 'PJSIP/205', context: 'agents', exten: '204', priority: 1, async: 'true' },
    'originate', (a) => a.message);
  ask({ action: 'Command', command: 'core show version' }, 'command', (a) => a.response);
});
const done = () => process.stdout.write(JSON.stringify({ answers, events }) + '\n', () => process.exit(0));
setTimeout(done, Number(seconds) * 1000 + 500);
