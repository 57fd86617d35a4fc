//! A broker for each test: librdkafka's own, which can be taken away and given back.

use std::sync::mpsc;
use std::time::Duration;

use rdkafka::mocking::MockCluster;

/// The cluster's thread answers a command, and only then reads away what woke it up for that: the next command's wake-up with it, if
/// that follows at once, which then waits for a second.
const WAKE_UP: Duration = Duration::from_millis(2);

/// The broker that is away.
const AWAY: i32 = 2;

/// A broker in this process.
pub struct Broker {
    /// Where it is.
    pub bootstrap_servers: String,
    commands: mpsc::Sender<Command>,
}

enum Command {
    Down(mpsc::Sender<()>),
    Up(mpsc::Sender<()>),
    Leader(String, i32, i32, mpsc::Sender<()>),
}

impl Broker {
    /// Starts a broker with the platform's topics.
    pub fn start() -> Self {
        Self::start_cluster(1)
    }

    /// Starts a broker with the platform's topics, and one that is away and leads no partition until it is given one.
    pub fn start_beside_another() -> Self {
        Self::start_cluster(AWAY)
    }

    fn start_cluster(brokers: i32) -> Self {
        let (commands, received) = mpsc::channel();
        let (started, start) = mpsc::channel();
        // The cluster cannot move between threads: it lives and ends on this one.
        std::thread::spawn(move || {
            let cluster = MockCluster::new(brokers).expect("a broker");
            for topic in contract::TOPICS {
                std::thread::sleep(WAKE_UP);
                cluster.create_topic(topic, 3, 1).expect("a topic");
                for partition in 0..if brokers > 1 { 3 } else { 0 } {
                    std::thread::sleep(WAKE_UP);
                    cluster.partition_leader(topic, partition, Some(1)).expect("a partition");
                }
            }
            if brokers > 1 {
                std::thread::sleep(WAKE_UP);
                cluster.broker_down(AWAY).expect("a broker to take away");
            }
            started.send(cluster.bootstrap_servers()).expect("someone who waits");
            for command in received {
                std::thread::sleep(WAKE_UP);
                let done = match command {
                    Command::Down(done) => {
                        cluster.broker_down(1).expect("a broker to take away");
                        done
                    }
                    Command::Up(done) => {
                        cluster.broker_up(1).expect("a broker to give back");
                        done
                    }
                    Command::Leader(topic, partition, leader, done) => {
                        cluster.partition_leader(&topic, partition, Some(leader)).expect("a partition");
                        done
                    }
                };
                done.send(()).expect("someone who waits");
            }
        });
        Self { bootstrap_servers: start.recv().expect("a broker"), commands }
    }

    fn command(&self, command: impl FnOnce(mpsc::Sender<()>) -> Command) {
        let (done, wait) = mpsc::channel();
        self.commands.send(command(done)).expect("the broker's thread");
        wait.recv().expect("the broker's answer");
    }

    /// Takes the broker away: connections are cut, and new ones refused.
    pub fn down(&self) {
        self.command(Command::Down);
    }

    /// Gives a partition to the broker that is away: nothing can be written to it.
    pub fn without_leader(&self, topic: &str, partition: i32) {
        self.command(|done| Command::Leader(topic.to_owned(), partition, AWAY, done));
    }

    /// Gives a partition its leader back.
    pub fn with_leader(&self, topic: &str, partition: i32) {
        self.command(|done| Command::Leader(topic.to_owned(), partition, 1, done));
    }

    /// Gives the broker back, with what its log had.
    pub fn up(&self) {
        self.command(Command::Up);
    }
}
