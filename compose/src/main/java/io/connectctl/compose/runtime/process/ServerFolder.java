package io.connectctl.compose.runtime.process;

import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.spec.ServerName;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The folder of one server: {@code STATE/servers/NAME}. */
record ServerFolder(ServerName server, Path path) {
    /** How many incarnations keep their logs and exit status, the current one included. */
    private static final int KEPT_RUNS = 3;

    static ServerFolder of(Folders folders, ServerName server) {
        return new ServerFolder(server, folders.servers().resolve(server.value()));
    }

    /** Every server that has a folder. */
    static List<ServerFolder> all(Folders folders) throws IOException {
        List<ServerFolder> all = new ArrayList<>();
        for (Path path : children(folders.servers())) {
            String name = path.getFileName().toString();
            if (ServerName.PLAIN.matcher(name).matches() && Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                all.add(new ServerFolder(new ServerName(name), path));
            }
        }
        all.sort(Comparator.comparing(ServerFolder::server));
        return all;
    }

    Path conf() {
        return path.resolve("conf");
    }

    Path work() {
        return path.resolve("work");
    }

    Path warehouse() {
        return path.resolve("warehouse");
    }

    Path lock() {
        return path.resolve("lock");
    }

    Path run(int incarnation) {
        return path.resolve("run").resolve(Integer.toString(incarnation));
    }

    void create() throws IOException {
        PrivateFiles.folder(conf());
        PrivateFiles.folder(work());
        PrivateFiles.folder(warehouse());
        PrivateFiles.folder(path.resolve("run"));
    }

    /** The incarnations that are described on disk, newest first. */
    List<RunFolder> runs() {
        List<RunFolder> runs = new ArrayList<>();
        try {
            for (Path run : children(path.resolve("run"))) {
                RunFolder.read(server, run).ifPresent(runs::add);
            }
        } catch (IOException e) {
            return List.of(); // nothing was ever launched here, or it is being removed
        }
        runs.sort(Comparator.comparingInt(RunFolder::incarnation).reversed());
        return runs;
    }

    /** The newest incarnation that came to life; waits a moment for one that is just being launched or ending. */
    Optional<RunFolder> newest(Duration patience) throws InterruptedException, IOException {
        for (RunFolder run : runs()) {
            if (run.settle(patience) != RunFolder.State.NEVER_STARTED) {
                return Optional.of(run);
            }
        }
        return Optional.empty();
    }

    /** Removes incarnations beyond the kept ones, making room for one more. */
    void prune() throws IOException {
        List<RunFolder> runs = runs();
        Set<Path> kept = new HashSet<>();
        for (RunFolder run : runs.subList(0, Math.min(KEPT_RUNS - 1, runs.size()))) {
            kept.add(run.path());
        }
        for (Path run : children(path.resolve("run"))) {
            if (!kept.contains(run)) {
                PrivateFiles.remove(run);
            }
        }
    }

    /** Makes the conf folder hold exactly these files. */
    void writeConf(Rendering rendering) throws IOException {
        Set<String> names = new HashSet<>();
        for (RenderedFile file : rendering.files()) {
            Path target = conf().resolve(file.name()).normalize();
            if (!conf().equals(target.getParent())) {
                throw new IOException("rendered file '" + file.name() + "' would lie outside " + conf());
            }
            PrivateFiles.write(target, file.text(), file.executable());
            names.add(file.name());
        }
        for (Path present : children(conf())) {
            if (!names.contains(present.getFileName().toString()) && !PrivateFiles.beingWritten(present)) {
                PrivateFiles.remove(present);
            }
        }
    }

    /** True if the warehouse holds anything, or may: only what is known to be empty may go without being asked for. */
    boolean hasWarehouse() {
        if (Files.notExists(warehouse(), LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(warehouse())) {
            return stream.iterator().hasNext();
        } catch (IOException | DirectoryIteratorException e) {
            return true;
        }
    }

    static List<Path> children(Path folder) throws IOException {
        List<Path> children = new ArrayList<>();
        if (!Files.isDirectory(folder)) {
            return children;
        }
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            stream.forEach(children::add);
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return children;
    }
}
