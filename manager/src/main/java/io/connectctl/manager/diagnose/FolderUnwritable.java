package io.connectctl.manager.diagnose;

import io.connectctl.manager.lifecycle.Cause;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** A folder is missing, or may not be written. */
final class FolderUnwritable implements Rule {
    private static final Pattern IVY = Pattern.compile(
            "FileNotFoundException: (\\S{1,400}?)/(?:cache/)?resolved-org\\.apache\\.spark-spark-submit-parent");
    private static final Pattern LOCAL_DIR = Pattern.compile(
            "Failed to create (?:any local dir|(?:a temp |local )?directory (\\S{1,300})|local dir in (\\S{1,300}))");
    private static final Pattern MISSING = Pattern.compile(
            "FileNotFoundException: (?:File )?(?:file:)?(/[^\\s(]{1,400}) (?:does not exist|\\(No such file or directory\\))");
    private static final Pattern DENIED = Pattern.compile(
            "(?:AccessDeniedException: |FileNotFoundException: |cannot access '|can't open |cannot create )?(/[^\\s:'(]{1,400})?'?[: (]*(?:Permission denied|Read-only file system)|AccessDeniedException: (/\\S{1,400})");
    private static final int DISK_STORE_FAILED = 53;

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(IVY)
                .flatMap(hit -> hit.config(
                        "FOLDER_UNWRITABLE",
                        "Spark can't write the cache of packages in " + hit.group(1),
                        "name a folder that can be written: " + clues.again("--conf spark.jars.ivy=/tmp/.ivy2")))
                .or(() -> clues.startup(LOCAL_DIR)
                        .flatMap(hit -> hit.config(
                                "FOLDER_UNWRITABLE",
                                "Spark can't create its local folder" + named(hit.group(1) + hit.group(2))
                                        + clues.conf("spark.local.dir"),
                                "make that folder writable for this user, or take spark.local.dir (SPARK_LOCAL_DIRS) out of the declaration: "
                                        + clues.again(""))))
                .or(() -> clues.startup(MISSING)
                        .flatMap(hit -> hit.config(
                                "FOLDER_UNWRITABLE",
                                hit.group(1) + " does not exist" + by(clues, hit.group(1)),
                                "create it: `mkdir -p " + hit.group(1) + "`, then " + clues.again("")
                                        + ", or take the setting out")))
                .or(() -> clues.startup(DENIED).flatMap(hit -> {
                    String folder = hit.group(1) + hit.group(2);
                    return hit.config(
                            "FOLDER_UNWRITABLE",
                            "the server may not use" + (folder.isEmpty() ? " a file or folder" : " " + folder)
                                    + by(clues, folder),
                            "give this user the right to write there, or name another folder, then " + clues.again(""));
                }))
                .or(() -> clues.exitedWith(DISK_STORE_FAILED)
                        ? Optional.of(new Finding(
                                Finding.NOWHERE,
                                new Cause(
                                        "FOLDER_UNWRITABLE",
                                        "Spark could not create a folder for its data",
                                        "see " + clues.readTheLog() + " for the folder, and make it writable",
                                        List.of(
                                                "exit code 53, by which Spark says that its disk store could not create a folder"),
                                        false)))
                        : Optional.empty());
    }

    private static String named(String folder) {
        return folder.isEmpty() ? "" : " " + folder;
    }

    private static String by(Clues clues, String path) {
        return clues.keyHolding(path).map(key -> " (named by " + key + ")").orElse("");
    }

    @Override
    public Set<String> codes() {
        return Set.of("FOLDER_UNWRITABLE");
    }
}
