package io.connectctl.compose.runtime.process;

import io.connectctl.compose.render.JavaOptions;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.ArchiveKind;
import io.connectctl.compose.spec.JavaSupport;
import io.connectctl.compose.spec.ServerSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * For what exactly a class data archive is: the Spark, its jars in their order, the JVM and those of its flags that matter.
 * Whatever differs gives another key, so that an archive is never even offered to a JVM that would have to refuse it.
 *
 * @param key a digest of all of it, 32 hex digits
 * @param about the same for people: {@code Spark 4.0.1 on Java 17.0.15+6}
 * @param kind how this JVM does it
 * @param options the declared JVM options that matter, to be repeated when the archive is made
 * @param wide true where the heap is too large for compressed pointers, which are another layout of every class
 * @param javaHome the JDK
 * @param jvm a digest of the JVM alone
 */
record ArchiveSubject(
        String key, String about, ArchiveKind kind, List<String> options, boolean wide, Path javaHome, String jvm) {
    /** Changes with whatever makes older archives unfit beside what the key names. */
    private static final String FORMAT = "1";

    /** The JVM decides alone from here on (32 GiB without the largest alignment of a heap); checked against JDK 17. */
    private static final long WIDE_HEAP = (32L << 30) - (32L << 20);

    /** An option that changes what an archive must look like, or what may be in it. */
    private static final Pattern MATTERS = Pattern.compile("-XX:\\+Use\\w+GC"
            + "|-XX:[+-](UseCompressedOops|UseCompressedClassPointers|CompactStrings|UseCompactObjectHeaders"
            + "|UnlockExperimentalVMOptions|UnlockDiagnosticVMOptions|BytecodeVerification\\w+|ZGenerational"
            + "|EnableJVMCI|UseJVMCICompiler)"
            + "|-XX:ObjectAlignmentInBytes=\\d+|-Xverify.*|--enable-preview"
            + "|--(add-modules|add-opens|add-exports|add-reads|enable-native-access)(=.*)?");

    /** One of those that may stand in two words. */
    private static final Pattern TWO_WORDS =
            Pattern.compile("--(add-modules|add-opens|add-exports|add-reads|enable-native-access)");

    /** An option under which the JVM uses no archive, or one of the user's own. */
    private static final Pattern EXCLUDES = Pattern.compile("-javaagent.*|-agentlib.*|-agentpath.*|-Xrun.*"
            + "|-Xshare:.*|-XX:[+-]UseSharedSpaces|-XX:SharedArchiveFile=.*|-XX:ArchiveClassesAtExit.*"
            + "|-XX:SharedClassListFile=.*|-XX:DumpLoadedClassList=.*|-XX:AOT.*|-XX:[+-]AutoCreateSharedArchive|--patch-module.*|--upgrade-module-path.*|--limit-modules.*"
            + "|--module-path.*|-p|-Xbootclasspath.*|-Djava\\.system\\.class\\.loader=.*|-XX:(Flags|VMOptionsFile)=.*");

    /** Variables whose folders the entrypoint puts on the class path. */
    private static final List<String> FOLDER_VARIABLES =
            List.of("HADOOP_CONF_DIR", "YARN_CONF_DIR", "SPARK_DIST_CLASSPATH");

    private static final Pattern RELEASE = Pattern.compile("(?m)^JAVA_(?:RUNTIME_)?VERSION=\"([^\"]+)\"");
    private static final Pattern OTHER_VM = Pattern.compile("(?mi)^JVM_VARIANT=\"(?!hotspot)([^\"]+)\"");

    /** Says why a server can't use any archive. */
    static final class UnfitException extends Exception {
        private static final long serialVersionUID = 1L;

        UnfitException(String why) {
            super(why);
        }

        String why() {
            return String.valueOf(getMessage());
        }
    }

    ArchiveSubject {
        options = List.copyOf(options);
    }

    /** What an archive for this launch would have to be for. */
    static ArchiveSubject of(LaunchPlan plan) throws UnfitException {
        ServerSpec spec = plan.spec();
        Path jars = plan.site()
                .jars()
                .orElseThrow(() -> new UnfitException("the distribution's own bin/spark-submit starts it (sparkHome)"));
        checkClassPath(plan);
        List<String> declared = declared(spec);
        Path home = plan.site()
                .javaHome()
                .orElseThrow(() -> new UnfitException("which JVM runs it isn't known before it runs"));
        try {
            String release = release(home);
            ArchiveKind kind = kind(home, release);
            List<String> options = matter(declared);
            boolean wide = spec.driverMemory().bytes() > WIDE_HEAP;
            List<String> jvm = jvm(home, release, kind);
            List<String> all = new ArrayList<>(List.of(
                    "format " + FORMAT, "kind " + kind, "spark " + spec.spark().text(), "wide " + wide));
            all.addAll(jvm);
            options.forEach(option -> all.add("option " + option));
            for (Path jar : extraJars(spec)) {
                all.add(identity(jar));
            }
            for (Path jar : jars(jars)) {
                all.add(identity(jar));
            }
            return new ArchiveSubject(
                    digest(all),
                    "Spark " + spec.spark() + " on Java " + version(release)
                            + (options.isEmpty() ? "" : " with " + String.join(" ", options)),
                    kind,
                    options,
                    wide,
                    home,
                    digest(jvm));
        } catch (IOException e) {
            throw new UnfitException("what it would be for can't be read: " + e);
        }
    }

    // ------------------------------------------------------------------ what excludes an archive

    private static void checkClassPath(LaunchPlan plan) throws UnfitException {
        for (String variable : FOLDER_VARIABLES) {
            if (!plan.spec().env().getOrDefault(variable, "").isEmpty()) {
                throw new UnfitException(variable + " puts a folder on the class path");
            }
        }
        List<String> files = plan.classPathFiles();
        if (!files.isEmpty()) {
            throw new UnfitException("the conf folder is on the class path, for " + String.join(", ", files));
        }
        for (Path entry : extraJars(plan.spec())) {
            if (!entry.toString().endsWith(".jar") || !Files.isRegularFile(entry)) {
                throw new UnfitException("spark.driver.extraClassPath names " + entry + ", which is no jar");
            }
        }
    }

    private static List<Path> extraJars(ServerSpec spec) {
        String extra = spec.conf().getOrDefault("spark.driver.extraClassPath", "");
        return Arrays.stream(extra.split(":", -1))
                .filter(entry -> !entry.isEmpty())
                .map(Path::of)
                .toList();
    }

    private static List<String> declared(ServerSpec spec) throws UnfitException {
        List<String> declared;
        try {
            declared = JavaOptions.of(spec);
        } catch (IllegalArgumentException e) {
            throw new UnfitException("its Java options can't be read: " + e.getMessage());
        }
        for (String option : declared) {
            if (EXCLUDES.matcher(option).matches()) {
                // Without what it is set to, which may be anything.
                throw new UnfitException("the Java option " + option.replaceFirst("[=:].*", "") + " excludes it");
            }
        }
        return declared;
    }

    private static ArchiveKind kind(Path home, String release) throws UnfitException {
        OptionalInt version = JavaSupport.majorOf(home);
        if (OTHER_VM.matcher(release).find()) {
            throw new UnfitException("the JVM in " + home + " isn't HotSpot");
        }
        Optional<ArchiveKind> kind = version.isPresent() ? ArchiveKind.of(version.getAsInt()) : Optional.empty();
        if (kind.isEmpty()) {
            throw new UnfitException("Java " + version(release) + " in " + home + " is too old for it: 13 is needed");
        }
        if (!Files.isRegularFile(home.resolve("lib/server/classes.jsa"))) {
            throw new UnfitException("the JDK in " + home
                    + " has no archive of its own classes to build on (lib/server/classes.jsa): java -Xshare:dump"
                    + " makes one");
        }
        return kind.get();
    }

    // ------------------------------------------------------------------ what goes into the key

    private static List<String> matter(List<String> declared) {
        List<String> matter = new ArrayList<>();
        for (int i = 0; i < declared.size(); i++) {
            String option = declared.get(i);
            if (MATTERS.matcher(option).matches()) {
                matter.add(option);
                if (TWO_WORDS.matcher(option).matches() && i + 1 < declared.size()) {
                    i++;
                    matter.add(declared.get(i));
                }
            }
        }
        return List.copyOf(matter);
    }

    private static String release(Path home) throws IOException {
        return Files.readString(home.resolve("release"), StandardCharsets.ISO_8859_1);
    }

    private static String version(String release) {
        return RELEASE.matcher(release)
                .results()
                .map(match -> match.group(1))
                .findFirst()
                .orElse("?");
    }

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

    private static String digest(List<String> lines) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String line : lines) {
                byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
                digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
                digest.update(bytes);
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
