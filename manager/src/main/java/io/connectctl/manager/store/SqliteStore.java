package io.connectctl.manager.store;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The store as one SQLite file that anybody can open: {@code sqlite3 connectctl.db 'select * from events'}.
 *
 * <p>Write-ahead log and full sync: a commit that returned survives a kill and a power cut. The file and what SQLite puts
 * beside it are readable by the owner only (SQLite gives its side files the main file's mode).
 */
public final class SqliteStore implements StateStore {
    /** From each schema version to the next; the version is SQLite's user_version. Never change an entry, add one. */
    static final List<List<String>> MIGRATIONS = List.of(
            List.of(
                    "create table servers (name text primary key not null, declaration text not null, state text not null)",
                    // autoincrement: a sequence number is never given twice, also after the newest events were dropped
                    "create table events (sequence integer primary key autoincrement, at text not null, server text not null,"
                            + " incarnation integer not null, type text not null, phase text not null, message text not null,"
                            + " cause text)",
                    "create index events_of_server on events (server, sequence)"),
            List.of(
                    "create table leases (id text primary key not null, state text not null)",
                    "create table pools (name text primary key not null, state text not null)"));

    /** What each schema version must be able to answer: one that can't was overwritten. */
    private static final List<List<String>> QUESTIONS = List.of(
            List.of(
                    "select name, declaration, state from servers limit 1",
                    "select sequence, at, server, incarnation, type, phase, message, cause from events limit 1",
                    "select seq from sqlite_sequence limit 1"),
            List.of("select id, state from leases limit 1", "select name, state from pools limit 1"));

    /** No connectctl will ever have so many schemas: a version beyond is no version but noise. */
    private static final int MOST_SCHEMAS = 10_000;

    /** Whose event it was can't be told any more; an event must be somebody's. */
    private static final ServerName UNREADABLE = new ServerName("unreadable");

    /** Dropping old events with every commit would cost more than it saves. */
    private static final int CLEAN_EVERY = 64;

    private final Path file;
    private final Retention retention;
    private final Connection connection;
    private final Reserve reserve;
    private int eventsSinceCleaning = CLEAN_EVERY;

    private SqliteStore(Path file, Retention retention, Connection connection) {
        this.file = file;
        this.retention = retention;
        this.connection = connection;
        this.reserve = new Reserve(file);
    }

    /**
     * Opens or makes the store, and brings an older one up to date after writing a backup beside it.
     *
     * @param file such as {@code STATE/connectctl.db}
     * @throws StoreException if it can't be opened, is damaged, or was written by a newer version; nothing is changed then
     */
    public static SqliteStore open(Path file) throws StoreException {
        return open(file, Retention.DEFAULT, MIGRATIONS);
    }

    static SqliteStore open(Path file, Retention retention, List<List<String>> migrations) throws StoreException {
        return open(file, retention, migrations, finding -> {});
    }

    /** What is done about a damaged file while SQLite still has it open. */
    @FunctionalInterface
    interface OnDamage {
        void found(String finding) throws StoreException;
    }

    /**
     * @param onDamage may move the file: SQLite, which writes its log into the file when it closes it, writes nothing into one that isn't
     *     at its place any more
     */
    static SqliteStore open(Path file, Retention retention, List<List<String>> migrations, OnDamage onDamage)
            throws StoreException {
        try {
            return openOnce(file, retention, migrations, onDamage);
        } catch (DamagedStoreException e) {
            throw e;
        } catch (StoreException e) {
            // SQLite wants room for its log and its index before anything can be stored.
            if (e.getCause() instanceof SQLException failure && wantsRoom(failure) && new Reserve(file).giveUpSome()) {
                return openOnce(file, retention, migrations, onDamage);
            }
            throw e;
        }
    }

    private static SqliteStore openOnce(
            Path file, Retention retention, List<List<String>> migrations, OnDamage onDamage) throws StoreException {
        try {
            own(file);
        } catch (IOException e) {
            throw new StoreException(
                    "can't make the state file " + file + ": " + e + ". Check the folder and its owner", e);
        }
        try {
            SQLiteConfig config = new SQLiteConfig();
            config.setJournalMode(SQLiteConfig.JournalMode.WAL);
            config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
            config.setBusyTimeout(5_000);
            SqliteStore store = new SqliteStore(file, retention, config.createConnection("jdbc:sqlite:" + file));
            boolean ready = false;
            try {
                store.check();
                store.migrate(migrations);
                // Names that can't be read would fail later, where nobody could do anything about them.
                store.servers();
                store.reserve.keep();
                ready = true;
                return store;
            } catch (SQLException e) {
                StoreException explained = explain(file, "opened", e);
                if (explained instanceof DamagedStoreException damaged) {
                    onDamage.found(damaged.finding());
                }
                throw explained;
            } catch (DamagedStoreException e) {
                onDamage.found(e.finding());
                throw e;
            } finally {
                if (!ready) {
                    store.close();
                }
            }
        } catch (SQLException e) {
            StoreException explained = explain(file, "opened", e);
            if (explained instanceof DamagedStoreException damaged) {
                onDamage.found(damaged.finding());
            }
            throw explained;
        }
    }

    private static void own(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null && !Files.isDirectory(folder)) {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        try {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } catch (FileAlreadyExistsException e) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        }
    }

    private void check() throws SQLException, StoreException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("pragma quick_check(1)")) {
            String verdict = result.next() ? result.getString(1) : "no answer";
            if (!verdict.equals("ok")) {
                throw damaged(file, verdict, null);
            }
        }
        int version = version();
        if (version < 0 || version > MOST_SCHEMAS) {
            throw damaged(file, "schema version " + version, null);
        }
        if (version == 0 && holdsAnything()) {
            throw damaged(file, "tables without a schema version", null);
        }
        for (List<String> questions : QUESTIONS.subList(0, Math.min(version, QUESTIONS.size()))) {
            for (String question : questions) {
                ask(question);
            }
        }
    }

    private boolean holdsAnything() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select 1 from sqlite_master limit 1")) {
            return row.next();
        }
    }

    private void ask(String question) throws SQLException, StoreException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(question)) {
            rows.next();
        } catch (SQLiteException e) {
            if (e.getResultCode() == SQLiteErrorCode.SQLITE_ERROR) {
                throw damaged(file, String.valueOf(e.getMessage()), e);
            }
            throw e;
        }
    }

    private void migrate(List<List<String>> migrations) throws SQLException, StoreException {
        int version = version();
        if (version > migrations.size()) {
            throw new StoreException("the state file " + file + " was written by a newer connectctl (schema " + version
                    + ", this one knows " + migrations.size()
                    + "). Use that version; nothing was changed. Where the file is moved away, this one makes a new one and declares"
                    + " the servers again from their folders, without the events, leases and pools of before");
        }
        if (version == migrations.size()) {
            return;
        }
        if (version > 0) {
            backUp(version);
        }
        transaction(() -> {
            try (Statement statement = connection.createStatement()) {
                for (List<String> migration : migrations.subList(version, migrations.size())) {
                    for (String sql : migration) {
                        statement.execute(sql);
                    }
                }
                statement.execute("pragma user_version = " + migrations.size());
            }
            return List.of();
        });
    }

    private int version() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("pragma user_version")) {
            return result.next() ? result.getInt(1) : 0;
        }
    }

    private void backUp(int version) throws SQLException, StoreException {
        Path backup = file.resolveSibling(file.getFileName() + ".schema-" + version + ".bak");
        try {
            // "vacuum into" wants a file that isn't there or is empty; an earlier attempt's backup shows the same
            // schema.
            Files.deleteIfExists(backup);
            Files.createFile(
                    backup, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } catch (IOException e) {
            throw new StoreException(
                    "can't back up the state to " + backup + " before changing its schema: " + e
                            + ". Make room or check the folder's owner; nothing was changed",
                    e);
        }
        try (PreparedStatement statement = connection.prepareStatement("vacuum into ?")) {
            statement.setString(1, backup.toString());
            statement.execute();
        }
    }

    @Override
    public synchronized List<StoredServer> servers() throws StoreException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select name, declaration, state from servers order by name")) {
            List<StoredServer> servers = new ArrayList<>();
            while (rows.next()) {
                servers.add(new StoredServer(new ServerName(rows.getString(1)), rows.getString(2), rows.getString(3)));
            }
            return List.copyOf(servers);
        } catch (IllegalArgumentException e) {
            throw damaged(file, "a server's name in it: " + e.getMessage(), e);
        } catch (SQLException e) {
            throw explain(file, "read", e);
        }
    }

    @Override
    public synchronized List<ServerEvent> commit(StoredServer server, List<ServerEvent> events) throws StoreException {
        return write(
                () -> {
                    try (PreparedStatement statement = connection.prepareStatement(
                            "insert into servers (name, declaration, state) values (?, ?, ?) on conflict (name)"
                                    + " do update set declaration = excluded.declaration, state = excluded.state")) {
                        statement.setString(1, server.name().value());
                        statement.setString(2, server.declaration());
                        statement.setString(3, server.state());
                        statement.executeUpdate();
                    }
                    return List.of();
                },
                events);
    }

    @Override
    public synchronized List<ServerEvent> remove(ServerName server, List<ServerEvent> events) throws StoreException {
        return write(
                () -> {
                    try (PreparedStatement statement =
                            connection.prepareStatement("delete from servers where name = ?")) {
                        statement.setString(1, server.value());
                        statement.executeUpdate();
                    }
                    return List.of();
                },
                events);
    }

    @Override
    public synchronized List<ServerEvent> append(List<ServerEvent> events) throws StoreException {
        try {
            // News alone aren't worth the reserve.
            return transaction(() -> insert(events));
        } catch (SQLException e) {
            throw explain(file, "written", e);
        }
    }

    private List<ServerEvent> write(Work change, List<ServerEvent> events) throws StoreException {
        Work whole = () -> {
            change.run();
            return insert(events);
        };
        try {
            List<ServerEvent> written = inWhatRoomThereIs(whole);
            reserve.keep();
            return written;
        } catch (SQLException e) {
            throw explain(file, "written", e);
        }
    }

    private List<ServerEvent> inWhatRoomThereIs(Work work) throws SQLException {
        try {
            return transaction(work);
        } catch (SQLException e) {
            if (wantsRoom(e) && reserve.giveUpSome()) {
                return transaction(work);
            }
            throw e;
        }
    }

    private List<ServerEvent> insert(List<ServerEvent> events) throws SQLException {
        if (events.isEmpty()) {
            return List.of();
        }
        List<ServerEvent> numbered = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(
                        "insert into events (at, server, incarnation, type, phase, message, cause) values (?, ?, ?, ?, ?, ?, ?)");
                PreparedStatement last = connection.prepareStatement("select last_insert_rowid()")) {
            for (ServerEvent event : events) {
                statement.setString(1, event.at().toString());
                statement.setString(2, event.server().value());
                statement.setInt(3, event.incarnation());
                statement.setString(4, event.type());
                statement.setString(5, event.phase().name());
                statement.setString(6, event.message());
                if (event.cause().isPresent()) {
                    statement.setString(7, StateCodec.encodeCause(event.cause().get()));
                } else {
                    statement.setNull(7, Types.VARCHAR);
                }
                statement.executeUpdate();
                try (ResultSet row = last.executeQuery()) {
                    row.next();
                    numbered.add(event.numbered(row.getLong(1)));
                }
            }
        }
        eventsSinceCleaning += events.size();
        if (eventsSinceCleaning >= CLEAN_EVERY) {
            clean();
            eventsSinceCleaning = 0;
        }
        return List.copyOf(numbered);
    }

    private void clean() throws SQLException {
        try (PreparedStatement each = connection.prepareStatement(
                        "delete from events where sequence in (select sequence from (select sequence, row_number() over"
                                + " (partition by server order by sequence desc) as place from events) where place > ?)");
                PreparedStatement overall = connection.prepareStatement(
                        "delete from events where sequence <= (select sequence from events order by sequence desc limit 1 offset ?)")) {
            each.setInt(1, retention.each());
            each.executeUpdate();
            overall.setInt(1, retention.overall());
            overall.executeUpdate();
        }
    }

    @Override
    public synchronized List<ServerEvent> events(Optional<ServerName> server, long after, int limit)
            throws StoreException {
        String where = server.isPresent() ? "server = ? and sequence > ?" : "sequence > ?";
        try (PreparedStatement statement =
                connection.prepareStatement("select sequence, at, server, incarnation, type, phase, message, cause"
                        + " from events where " + where + " order by sequence limit ?")) {
            int index = 1;
            if (server.isPresent()) {
                statement.setString(index++, server.get().value());
            }
            statement.setLong(index++, after);
            statement.setInt(index, Math.max(0, limit));
            try (ResultSet rows = statement.executeQuery()) {
                List<ServerEvent> events = new ArrayList<>();
                while (rows.next()) {
                    events.add(event(rows));
                }
                return List.copyOf(events);
            }
        } catch (SQLException e) {
            throw explain(file, "read", e);
        }
    }

    /** SQLite knows no checksums: damage within a text is seen by whoever reads it. One event less is no reason to tell none. */
    private static ServerEvent event(ResultSet rows) throws SQLException {
        long sequence = rows.getLong(1);
        try {
            return new ServerEvent(
                    sequence,
                    Instant.parse(rows.getString(2)),
                    new ServerName(rows.getString(3)),
                    rows.getInt(4),
                    rows.getString(5),
                    Phase.valueOf(rows.getString(6)),
                    rows.getString(7),
                    Optional.ofNullable(rows.getString(8)).map(StateCodec::decodeCause));
        } catch (IllegalArgumentException | DateTimeException | NullPointerException e) {
            return new ServerEvent(
                    sequence,
                    Instant.EPOCH,
                    UNREADABLE,
                    0,
                    "unreadable",
                    Phase.UNKNOWN,
                    "event " + sequence + " is damaged in the state file and can't be read any more",
                    Optional.empty());
        }
    }

    @Override
    public synchronized void skipTo(long sequence) throws StoreException {
        write(
                () -> {
                    try (PreparedStatement raise = connection.prepareStatement(
                                    "update sqlite_sequence set seq = max(seq, ?) where name = 'events'");
                            PreparedStatement first = connection.prepareStatement(
                                    "insert into sqlite_sequence (name, seq) values ('events', ?)")) {
                        raise.setLong(1, sequence);
                        if (raise.executeUpdate() == 0) {
                            first.setLong(1, sequence);
                            first.executeUpdate();
                        }
                    }
                    return List.of();
                },
                List.of());
    }

    @Override
    public synchronized long lastSequence() throws StoreException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select seq from sqlite_sequence where name = 'events'")) {
            return row.next() ? row.getLong(1) : 0;
        } catch (SQLException e) {
            throw explain(file, "read", e);
        }
    }

    @Override
    public synchronized StoredLeases leases() throws StoreException {
        try {
            return new StoredLeases(all("select id, state from leases"), all("select name, state from pools"));
        } catch (SQLException e) {
            throw explain(file, "read", e);
        }
    }

    private SortedMap<String, String> all(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            SortedMap<String, String> all = new TreeMap<>();
            while (rows.next()) {
                all.put(rows.getString(1), rows.getString(2));
            }
            return all;
        }
    }

    @Override
    public synchronized void commit(LeaseChanges changes) throws StoreException {
        if (changes.isEmpty()) {
            return;
        }
        write(
                () -> {
                    put("leases (id, state) values (?, ?) on conflict (id)", changes.leases());
                    drop("leases where id = ?", changes.dropped());
                    put("pools (name, state) values (?, ?) on conflict (name)", changes.pools());
                    drop("pools where name = ?", changes.deleted());
                    return List.of();
                },
                List.of());
    }

    private void put(String into, Map<String, String> rows) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("insert into " + into + " do update set state = excluded.state")) {
            for (Map.Entry<String, String> row : rows.entrySet()) {
                statement.setString(1, row.getKey());
                statement.setString(2, row.getValue());
                statement.executeUpdate();
            }
        }
    }

    private void drop(String from, Set<String> keys) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("delete from " + from)) {
            for (String key : keys) {
                statement.setString(1, key);
                statement.executeUpdate();
            }
        }
    }

    /** Lies beside the file while a daemon has it open, and stays where that was killed: then the file alone isn't all of it. */
    static Path openMark(Path file) {
        return file.resolveSibling(file.getFileName() + "-open");
    }

    /** Bounds the file's size, in pages of 4 KiB, so that a test can fill it as a disk fills up. */
    synchronized void limitPages(int pages) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("pragma max_page_count = " + pages);
        }
    }

    /** Closes the file; whatever is asked after that throws. */
    @Override
    public synchronized void close() {
        try {
            connection.close();
            Files.deleteIfExists(openMark(file));
        } catch (SQLException | IOException e) {
            // Every commit is on disk already, so there is nothing left to lose or to tell.
        }
    }

    @FunctionalInterface
    private interface Work {
        List<ServerEvent> run() throws SQLException;
    }

    private List<ServerEvent> transaction(Work work) throws SQLException {
        execute("begin immediate");
        boolean done = false;
        try {
            List<ServerEvent> events = work.run();
            execute("commit");
            done = true;
            return events;
        } finally {
            if (!done) {
                rollBack();
            }
        }
    }

    private void rollBack() {
        try {
            execute("rollback");
        } catch (SQLException e) {
            // SQLite has rolled back by itself, as it does when the disk is full; what made it so is thrown already.
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** SQLite tells a full disk in this or that way, after what it was about to do. */
    private static boolean wantsRoom(SQLException e) {
        String name = code(e).name();
        return name.startsWith("SQLITE_FULL") || name.startsWith("SQLITE_IOERR") || name.startsWith("SQLITE_CANTOPEN");
    }

    private static SQLiteErrorCode code(SQLException e) {
        return e instanceof SQLiteException sqlite ? sqlite.getResultCode() : SQLiteErrorCode.UNKNOWN_ERROR;
    }

    private static StoreException explain(Path file, String what, SQLException e) {
        String name = code(e).name();
        if (name.startsWith("SQLITE_CORRUPT") || name.startsWith("SQLITE_NOTADB")) {
            return damaged(file, name, e);
        }
        String remedy;
        if (name.startsWith("SQLITE_FULL")) {
            remedy = "the disk is full: make room on it";
        } else if (name.startsWith("SQLITE_READONLY")
                || name.startsWith("SQLITE_CANTOPEN")
                || name.startsWith("SQLITE_PERM")) {
            remedy = "check the owner and mode of the file and its folder";
        } else if (name.startsWith("SQLITE_BUSY") || name.startsWith("SQLITE_LOCKED")) {
            remedy = "another program holds it: close it";
        } else if (name.startsWith("SQLITE_IOERR")) {
            remedy = "the disk failed: check it and the room on it";
        } else {
            remedy = "see the daemon's log";
        }
        return new StoreException("the state file " + file + " can't be " + what + " (" + name + "): " + remedy, e);
    }

    private static DamagedStoreException damaged(Path file, String finding, @Nullable Exception e) {
        String message = "the state file " + file + " is damaged (" + finding
                + "). Nothing was deleted. Rescue what is in it with: sqlite3 "
                + file
                + " .recover | sqlite3 rescued.db; or put back a copy; or start the daemon anew (connectctl daemon stop,"
                + " connectctl daemon start): it sets the file aside, and declares the servers again from their folders";
        return e == null ? new DamagedStoreException(message, finding) : new DamagedStoreException(message, finding, e);
    }
}
