package io.connectctl.manager.cli;

import io.connectctl.manager.client.ApiClient;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code connectctl bundle}. */
@Command(
        name = "bundle",
        description = {
            "Write one archive (tar.gz) with all that somebody needs who is to find out what is wrong with a server.",
            "Versions, declaration, rendered files, status, events, timeline, its logs and those of the run before, evidence of wedges, the"
                    + " daemon's log, and facts of this machine. Secrets are replaced in all of it; its README.txt says what is in it and what isn't.",
            "Its path is printed on stdout."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl bundle sales", "  connectctl bundle sales -o /tmp/sales.tar.gz --force"})
final class BundleCommand extends ServerCommand {
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final int BLOCK = 512;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Where to write it; else connectctl-NAME-TIME.tar.gz in this folder.")
    @Nullable
    Path output;

    @Option(names = "--force", description = "Replace a file that is there.")
    boolean force;

    BundleCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        ApiClient client = looking();
        String server = serverName(client);
        Path file = context.workingFolder()
                .resolve(
                        output != null
                                ? output
                                : Path.of("connectctl-" + server + "-"
                                        + STAMP.format(context.clock().instant()) + ".tar.gz"))
                .normalize();
        if (Files.isDirectory(file)) {
            throw CliFailure.usage(
                    "--output " + file + " is a folder", "name a file in it: -o " + file + "/bundle.tar.gz");
        }
        if (!force && Files.exists(file)) {
            throw there(file);
        }
        byte[] archive = client.bundle(server);
        try {
            write(file, archive);
        } catch (FileAlreadyExistsException e) {
            throw there(file);
        }
        List<String> content = content(archive);
        say(
                "connectctl: " + content.size() + (content.size() == 1 ? " file, " : " files, ")
                        + (archive.length + 1023) / 1024
                        + " KiB, readable by you alone; secrets are replaced, but look through the logs before you publish it:");
        content.forEach(line -> say("  " + line));
        out().println(file);
        return ExitCode.OK;
    }

    private static CliFailure there(Path file) {
        return new CliFailure(
                ExitCode.CONFLICT,
                "file " + file + " is there already",
                "replace it: --force, or name another one: -o FILE");
    }

    /** 0600 from its first byte on. Where it replaces a file, as a whole or not at all. */
    private void write(Path file, byte[] archive) throws IOException {
        Path target = force ? file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID()) : file;
        try {
            try (SeekableByteChannel channel = Files.newByteChannel(
                    target,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                ByteBuffer bytes = ByteBuffer.wrap(archive);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            } catch (FileAlreadyExistsException e) {
                throw e;
            } catch (IOException e) {
                // Half an archive looks like a whole one.
                Files.deleteIfExists(target);
                throw e;
            }
            if (force) {
                Files.move(target, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (IOException e) {
            throw new CliFailure(
                    ExitCode.FAILURE,
                    "the archive can't be written to " + file + ": " + e,
                    "see whether its folder is there, is yours and has room, or name another file: -o FILE");
        }
    }

    /** Names and sizes of the files in it; a broken archive is told by an IOException. */
    static List<String> content(byte[] archive) throws IOException {
        List<String> content = new ArrayList<>();
        try (DataInputStream tar = new DataInputStream(new GZIPInputStream(new ByteArrayInputStream(archive)))) {
            byte[] header = new byte[BLOCK];
            while (true) {
                tar.readFully(header);
                String name = text(header, 0, 100);
                if (name.isEmpty()) {
                    return content;
                }
                long size = Long.parseLong(text(header, 124, 12).strip(), 8);
                content.add(name + "  " + (size < 1024 ? size + " bytes" : size / 1024 + " KiB"));
                skip(tar, (size + BLOCK - 1) / BLOCK * BLOCK);
            }
        }
    }

    private static void skip(InputStream tar, long bytes) throws IOException {
        for (long left = bytes; left > 0; ) {
            long skipped = tar.skip(left);
            if (skipped <= 0) {
                throw new EOFException("the archive ends in the middle of a file");
            }
            left -= skipped;
        }
    }

    private static String text(byte[] header, int at, int length) {
        String text = new String(header, at, length, StandardCharsets.UTF_8);
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }
}
