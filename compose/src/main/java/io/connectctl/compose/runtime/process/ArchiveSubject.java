package io.connectctl.compose.runtime.process;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.ArchiveDemands;
import io.connectctl.compose.runtime.ArchiveKey;
import io.connectctl.compose.runtime.ArchiveKind;
import io.connectctl.compose.runtime.ArchiveUnfitException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * For what exactly a class data archive is: the Spark, its jars in their order, the JVM and those of its flags that matter.
 * Whatever differs gives another key, so that an archive is never even offered to a JVM that would have to refuse it.
 *
 * @param key a digest of all of it, 32 hex digits
 * @param about the same for people: {@code Spark 4.0.1 on Java 17.0.15+6}
 * @param kind how this JVM does it
 * @param demands what the declaration demands of it, to be met when it is made
 * @param javaHome the JDK
 * @param jvm a digest of the JVM alone
 */
record ArchiveSubject(String key, String about, ArchiveKind kind, ArchiveDemands demands, Path javaHome, String jvm) {
    /** Changes with whatever makes older archives unfit beside what the key names. */
    private static final String FORMAT = "1";

    /** What an archive for this launch would have to be for. */
    static ArchiveSubject of(LaunchPlan plan) throws ArchiveUnfitException {
        ArchiveDemands demands = ArchiveDemands.of(plan);
        for (Path entry : demands.extraClassPath()) {
            if (!entry.toString().endsWith(".jar") || !Files.isRegularFile(entry)) {
                throw new ArchiveUnfitException("spark.driver.extraClassPath names " + entry + ", which is no jar");
            }
        }
        Path home = plan.site()
                .javaHome()
                .orElseThrow(() -> new ArchiveUnfitException("which JVM runs it isn't known before it runs"));
        try {
            String release = Files.readString(home.resolve("release"), StandardCharsets.ISO_8859_1);
            ArchiveKind kind = ArchiveKind.of(home, release, Files.isRegularFile(home.resolve(ArchiveKind.BASE)));
            String spark = plan.spec().spark().text();
            List<String> jvm = jvm(home, release, kind);
            List<String> all = new ArrayList<>(
                    List.of("format " + FORMAT, "kind " + kind, "spark " + spark, "wide " + demands.wide()));
            all.addAll(jvm);
            demands.options().forEach(option -> all.add("option " + option));
            for (Path jar : demands.extraClassPath()) {
                all.add(identity(jar));
            }
            for (Path jar : jars(plan.site().jars().orElseThrow())) {
                all.add(identity(jar));
            }
            return new ArchiveSubject(
                    ArchiveKey.of(all),
                    "Spark " + spark + " on Java " + ArchiveKind.version(release)
                            + (demands.options().isEmpty() ? "" : " with " + String.join(" ", demands.options())),
                    kind,
                    demands,
                    home,
                    ArchiveKey.of(jvm));
        } catch (IOException e) {
            throw new ArchiveUnfitException("what it would be for can't be read: " + e);
        }
    }

    // ------------------------------------------------------------------ what goes into the key

    private static List<String> jvm(Path home, String release, ArchiveKind kind) throws IOException {
        List<String> jvm = new ArrayList<>(List.of("java " + home.toRealPath(), "kind " + kind, "release " + release));
        // What a JVM itself compares, or what it is made of.
        for (String part : List.of(
                "bin/java",
                "lib/modules",
                "lib/server/libjvm.so",
                "lib/server/classes.jsa",
                "lib/server/classes_nocoops.jsa")) {
            Path file = home.resolve(part);
            if (Files.isRegularFile(file)) {
                jvm.add(identity(file.toRealPath()));
            }
        }
        return jvm;
    }

    /** Every jar in the order of the entrypoint: spark-network-common first, then by the bytes of their names. */
    static List<Path> jars(Path folder) throws IOException {
        List<Path> jars = new ArrayList<>();
        for (Path file : ServerFolder.children(folder)) {
            String name = file.getFileName().toString();
            if (name.endsWith(".jar") && !name.startsWith(".")) {
                jars.add(file);
            }
        }
        Comparator<Path> first = Comparator.comparing(ArchiveSubject::last);
        jars.sort(first.thenComparing(
                jar -> jar.getFileName().toString().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned));
        return jars;
    }

    private static boolean last(Path jar) {
        return !jar.getFileName().toString().startsWith("spark-network-common_");
    }

    /** What a JVM compares of a jar: its place, its size and when it was changed. */
    private static String identity(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return "file " + file + " " + attributes.size() + " "
                + attributes.lastModifiedTime().toInstant();
    }
}
