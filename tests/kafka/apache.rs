//! A real Apache Kafka: one KRaft node on the loopback interface, run by this machine's Java.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use chassis::events::kafka::{client, features};
use chassis::run::config::{Kafka, Mechanism, Sasl, Security, Tls};
use local::process::{Process, Signal};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use restaurant_booking_tests::database::unique;

const POM: &str = include_str!("pom.xml");

/// How long a node may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// The jars of the server, from the cache or fetched by Maven; else what is missing.
pub(crate) fn jars() -> Result<PathBuf, String> {
    for program in ["java", "mvn"] {
        let found = Command::new(program).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            return Err(format!("{program} is missing: install Java 17 or newer and Maven to run these tests against a real Apache Kafka"));
        }
    }
    let cache =
        std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    // What the folder holds is what the file asks for: another version gets another folder.
    let hash = POM.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let cache = cache.ok_or("neither XDG_CACHE_HOME nor HOME is set")?.join("restaurant-booking/kafka");
    let jars = cache.join(format!("{hash:016x}"));
    if jars.is_dir() {
        return Ok(jars);
    }
    eprintln!("Fetching Apache Kafka with Maven into {} (once, about 60 MB) ...", jars.display());
    std::fs::create_dir_all(&cache).map_err(|error| format!("{}: {error}", cache.display()))?;
    let fetching = tempfile::tempdir_in(&cache).map_err(|error| format!("{}: {error}", cache.display()))?;
    let pom = fetching.path().join("pom.xml");
    std::fs::write(&pom, POM).map_err(|error| error.to_string())?;
    let target = fetching.path().join("jars");
    let mut output = std::ffi::OsString::from("-DoutputDirectory=");
    output.push(&target);
    let fetched = Command::new("mvn").args(["-B", "-q", "-f"]).arg(&pom).arg("dependency:copy-dependencies").arg(output).output();
    match fetched {
        Ok(output) if output.status.success() => {}
        Ok(output) => return Err(format!("Maven could not fetch Apache Kafka: {}", String::from_utf8_lossy(&output.stdout))),
        Err(error) => return Err(format!("Maven could not be started: {error}")),
    }
    match std::fs::rename(&target, &jars) {
        // Another test process was faster.
        Err(_) if jars.is_dir() => Ok(jars),
        renamed => renamed.map(|()| jars).map_err(|error| error.to_string()),
    }
}

/// Who may come in with a password, and the password.
const USERNAME: &str = "restaurant";
pub(crate) const PASSWORD: &str = "correct horse";

/// Whether the clients of this program can do TLS, and with it SCRAM.
pub(crate) fn has_tls() -> bool {
    features().iter().any(|feature| feature == "ssl")
}

/// The ports of a node's listeners.
#[derive(Clone, Copy)]
struct Ports {
    /// For everybody.
    plain: u16,
    /// For who has a password.
    login: u16,
    /// For who has a password, through TLS.
    tls: u16,
}

/// A node, which ends with the test process.
pub(crate) struct Node {
    jars: PathBuf,
    home: tempfile::TempDir,
    ports: Ports,
    process: Mutex<Option<Process>>,
}

impl Node {
    /// Starts a node with an empty log.
    pub(crate) fn start(jars: &Path) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let ports = [(); 4].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a port"));
        let [plain, login, tls, controller] = ports.map(|listener| listener.local_addr().expect("an address").port());
        let ports = Ports { plain, login, tls };
        let mut listeners = format!("PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{login}");
        let mut secured = format!(
            "listener.name.sasl_plaintext.sasl.enabled.mechanisms=PLAIN\n\
             listener.name.sasl_plaintext.plain.sasl.jaas.config=\
             org.apache.kafka.common.security.plain.PlainLoginModule required user_{USERNAME}=\"{PASSWORD}\";\n"
        );
        if has_tls() {
            let store = certificate(home.path());
            listeners += &format!(",SASL_SSL://127.0.0.1:{tls}");
            secured += &format!(
                "listener.name.sasl_ssl.sasl.enabled.mechanisms=SCRAM-SHA-512\n\
                 listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
                 org.apache.kafka.common.security.scram.ScramLoginModule required;\n\
                 ssl.keystore.type=PKCS12\nssl.keystore.location={}\nssl.keystore.password={PASSWORD}\n",
                store.display()
            );
        }
        let data = home.path().join("data");
        let properties = format!(
            "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:{controller}\n\
             listeners={listeners},CONTROLLER://127.0.0.1:{controller}\n\
             advertised.listeners={listeners}\ncontroller.listener.names=CONTROLLER\n\
             listener.security.protocol.map=\
             CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL\n\
             {secured}log.dirs={}\n\
             offsets.topic.num.partitions=4\noffsets.topic.replication.factor=1\n\
             transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
             group.initial.rebalance.delay.ms=0\nauto.create.topics.enable=false\n",
            data.display()
        );
        std::fs::write(home.path().join("server.properties"), properties).expect("written");
        let logging = "appender.console.type=Console\nappender.console.name=STDERR\nappender.console.target=SYSTEM_ERR\n\
             appender.console.layout.type=PatternLayout\nappender.console.layout.pattern=[%d] %p %m (%c)%n\n\
             rootLogger.level=INFO\nrootLogger.appenderRef.console.ref=STDERR\n";
        std::fs::write(home.path().join("log4j2.properties"), logging).expect("written");
        let node = Self { jars: jars.to_owned(), home, ports, process: Mutex::new(None) };
        let scram = format!("SCRAM-SHA-512=[name={USERNAME},password={PASSWORD}]");
        let mut format = node.java("kafka.tools.StorageTool");
        format.args(["format", "-t", "5L6g3nShT-eMCtK--X86sw", "--add-scram", &scram, "-c"]).arg(node.properties());
        let formatted = format.output().expect("Java");
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stderr));
        node.up();
        node
    }

    fn properties(&self) -> PathBuf {
        self.home.path().join("server.properties")
    }

    fn java(&self, class: &str) -> Command {
        let mut logging = std::ffi::OsString::from("-Dlog4j2.configurationFile=");
        logging.push(self.home.path().join("log4j2.properties"));
        let mut command = Command::new("java");
        command.args(["-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]).arg(logging);
        command.arg("-cp").arg(self.jars.join("*")).arg(class).stdin(Stdio::null());
        command
    }

    /// Starts the node on the log it has.
    pub(crate) fn up(&self) {
        let log = std::fs::File::create(self.home.path().join("log")).expect("a log");
        let mut command = self.java("kafka.Kafka");
        command.arg(self.properties()).stdout(Stdio::null()).stderr(log);
        let process = Process::launch(command, Signal::KILL).expect("Java");
        let started = Instant::now();
        let log = || std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
        while !log().contains("Kafka Server started") {
            assert!(process.exit().is_none() && started.elapsed() < PATIENCE, "Kafka did not start: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        *self.process.lock().expect("the process") = Some(process);
    }

    /// Kills the node.
    pub(crate) fn down(&self) {
        if let Some(process) = self.process.lock().expect("the process").take() {
            process.signal(Signal::KILL);
            process.wait(PATIENCE).expect("the end of Kafka");
        }
    }

    /// The node as an installation of its own: with topics of its own, made through the admin API.
    pub(crate) async fn installation(&self) -> Kafka {
        let kafka = Kafka {
            bootstrap_servers: format!("127.0.0.1:{}", self.ports.plain),
            prefix: format!("{}.", unique("test")),
            security: Security::default(),
            in_process: false,
        };
        let admin: AdminClient<DefaultClientContext> = client(&kafka).create().expect("an admin client");
        let names = contract::TOPICS.map(|topic| kafka.topic(topic));
        let topics = names.each_ref().map(|name| NewTopic::new(name, 3, TopicReplication::Fixed(1)));
        for made in admin.create_topics(&topics, &AdminOptions::new()).await.expect("topics") {
            made.expect("a topic");
        }
        kafka
    }

    /// Where everybody may come in.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.plain)
    }

    /// The same installation for who has a password, by the listener without TLS.
    pub(crate) fn with_login(&self, kafka: Kafka, password: &str) -> Kafka {
        let security = Security { tls: None, sasl: Some(sasl(Mechanism::Plain, password)) };
        Kafka { bootstrap_servers: format!("127.0.0.1:{}", self.ports.login), security, ..kafka }
    }

    /// The same installation for who has a password, by the listener with TLS; the system vouches for it, unless the test does.
    pub(crate) fn with_tls(&self, kafka: Kafka, password: &str, vouched_for: bool) -> Kafka {
        let ca = vouched_for.then(|| self.home.path().join(CERTIFICATE).display().to_string());
        let security = Security { tls: Some(Tls { ca, client: None }), sasl: Some(sasl(Mechanism::ScramSha512, password)) };
        Kafka { bootstrap_servers: format!("127.0.0.1:{}", self.ports.tls), security, ..kafka }
    }
}

fn sasl(mechanism: Mechanism, password: &str) -> Sasl {
    Sasl { mechanism, username: USERNAME.to_owned(), password: password.to_owned().into() }
}

const CERTIFICATE: &str = "certificate.pem";

/// Makes a certificate that vouches for itself, as [`CERTIFICATE`] for clients; where the server finds it with its key.
fn certificate(folder: &Path) -> PathBuf {
    let (store, certificate) = (folder.join("keystore.p12"), folder.join(CERTIFICATE));
    let keytool = |arguments: &str| {
        let mut command = Command::new("keytool");
        command
            .args(arguments.split(' '))
            .args(["-alias", "kafka", "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore"])
            .arg(&store);
        let output = command.output().expect("keytool, which comes with Java");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        output.stdout
    };
    keytool("-genkeypair -keyalg EC -groupname secp256r1 -dname CN=kafka -ext san=ip:127.0.0.1 -ext bc=ca:true -validity 2");
    std::fs::write(certificate, keytool("-exportcert -rfc")).expect("written");
    store
}

impl Drop for Node {
    fn drop(&mut self) {
        self.down();
    }
}
