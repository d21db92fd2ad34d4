package io.connectctl.compose.runtime;

import io.connectctl.compose.render.JavaOptions;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.spec.ServerSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a declaration demands of a class data archive, in every runtime: the JVM's own rules on which archives it takes, asked
 * before it is started, so that the reason can be told.
 *
 * @param options the declared JVM options that an archive must have been made with
 * @param wide true where the heap is too large for compressed pointers, which are another layout of every class
 * @param extraClassPath what the declaration puts before Spark's jars on the class path
 */
public record ArchiveDemands(List<String> options, boolean wide, List<Path> extraClassPath) {
    /** Variables whose folders the entrypoint puts on the class path, be they the declaration's or an image's. */
    public static final List<String> FOLDER_VARIABLES =
            List.of("HADOOP_CONF_DIR", "YARN_CONF_DIR", "SPARK_DIST_CLASSPATH");

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

    public ArchiveDemands {
        options = List.copyOf(options);
        extraClassPath = List.copyOf(extraClassPath);
    }

    /**
     * What this launch demands.
     *
     * @throws ArchiveUnfitException where no archive can meet it
     */
    public static ArchiveDemands of(LaunchPlan plan) throws ArchiveUnfitException {
        ServerSpec spec = plan.spec();
        if (plan.site().jars().isEmpty()) {
            throw new ArchiveUnfitException("the distribution's own bin/spark-submit starts it (sparkHome)");
        }
        if (plan.site().hadoopConf().isPresent()) {
            throw new ArchiveUnfitException(folder("hadoopConf"));
        }
        for (String variable : FOLDER_VARIABLES) {
            if (!spec.env().getOrDefault(variable, "").isEmpty()) {
                throw new ArchiveUnfitException(folder(variable));
            }
        }
        List<String> files = plan.classPathFiles();
        if (!files.isEmpty()) {
            throw new ArchiveUnfitException("the conf folder is on the class path, for " + String.join(", ", files));
        }
        List<Path> extra = Arrays.stream(spec.conf()
                        .getOrDefault("spark.driver.extraClassPath", "")
                        .split(":", -1))
                .filter(entry -> !entry.isEmpty())
                .map(Path::of)
                .toList();
        return new ArchiveDemands(matter(declared(spec)), spec.driverMemory().bytes() > WIDE_HEAP, extra);
    }

    /** What is said of a variable that puts a folder on the class path. */
    public static String folder(String variable) {
        return variable + " puts a folder on the class path";
    }

    private static List<String> declared(ServerSpec spec) throws ArchiveUnfitException {
        List<String> declared;
        try {
            declared = JavaOptions.of(spec);
        } catch (IllegalArgumentException e) {
            throw new ArchiveUnfitException("its Java options can't be read: " + e.getMessage());
        }
        for (String option : declared) {
            if (EXCLUDES.matcher(option).matches()) {
                // Without what it is set to, which may be anything.
                throw new ArchiveUnfitException(
                        "the Java option " + option.replaceFirst("[=:].*", "") + " excludes it");
            }
        }
        return declared;
    }

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
        return matter;
    }
}
